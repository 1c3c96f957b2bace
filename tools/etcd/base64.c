// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <string.h>

#include "base64.h"

static const char digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* What a character that is no digit is worth */
#define NO_DIGIT	0xff

/* Up to three bytes, as four characters */
static void append_group(struct bytes *text, const unsigned char *data, size_t n)
{
	uint32_t bits = data[0] << 16 | (n > 1 ? data[1] << 8 : 0) |
			(n > 2 ? data[2] : 0);

	for (size_t i = 0; i < 4; i++)
		bytes_append_char(text, i > n ? '=' :
				  digits[bits >> (18 - 6 * i) & 63]);
}

void base64_append(struct bytes *text, const void *data, size_t len)
{
	const unsigned char *at = data;

	bytes_reserve(text, (len + 2) / 3 * 4);
	for (; len > 3; at += 3, len -= 3)
		append_group(text, at, 3);
	if (len)
		append_group(text, at, len);
}

static unsigned int digit(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : NO_DIGIT;
}

/* Four characters, of which the last @padding are none */
static bool append_decoded(struct bytes *data, const char *text, size_t padding)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < 4; i++) {
		unsigned int value = i < 4 - padding ? digit(text[i]) : 0;

		if (value == NO_DIGIT)
			return false;
		bits = bits << 6 | value;
	}
	for (size_t i = 0; i < 3 - padding; i++)
		bytes_append_char(data, bits >> (16 - 8 * i) & 0xff);
	return true;
}

bool base64_decode(struct bytes *data, const char *text, size_t len)
{
	size_t begun = data->len, padding = 0;
	bool fits = len % 4 == 0;

	bytes_reserve(data, len / 4 * 3);
	if (fits && len)
		padding = (text[len - 1] == '=') +
			  (text[len - 1] == '=' && text[len - 2] == '=');
	for (size_t i = 0; fits && i < len; i += 4)
		fits = append_decoded(data, text + i,
				      i + 4 == len ? padding : 0);
	if (!fits)
		data->len = begun;
	return fits;
}
