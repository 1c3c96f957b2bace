// SPDX-License-Identifier: GPL-2.0-only
#include <stdint.h>
#include <string.h>

#include "format.h"

static const char digits[] = "0123456789abcdef";

static const char *const names[] = {
	[FORMAT_TEXT]	= "text",
	[FORMAT_RAW]	= "raw",
	[FORMAT_HEX]	= "hex",
	[FORMAT_U64]	= "u64",
	[FORMAT_X64]	= "x64",
	[FORMAT_JSON]	= "json",
};

bool format_by_name(const char *name, enum format *format)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(name, names[i])) {
			*format = i;
			return true;
		}
	}
	return false;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int hex_byte(const char *text)
{
	int high = hex_digit(text[0]);
	int low = hex_digit(text[1]);

	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

static const char *parse_hex(const char *text, size_t len, struct bytes *out)
{
	if (len % 2)
		return "an odd number of hex digits";
	bytes_reserve(out, len / 2);
	for (size_t i = 0; i < len; i += 2) {
		int byte = hex_byte(text + i);

		if (byte < 0)
			return "not a hex number";
		bytes_append_char(out, byte);
	}
	return NULL;
}

/* Returns how many characters the escape behind a backslash takes, or 0. */
static size_t unescape(const char *text, size_t len, struct bytes *out)
{
	int byte;

	if (!len)
		return 0;
	switch (text[0]) {
	case 't':
		bytes_append_char(out, '\t');
		return 1;
	case 'n':
		bytes_append_char(out, '\n');
		return 1;
	case '\\':
		bytes_append_char(out, '\\');
		return 1;
	case 'x':
		byte = len >= 3 ? hex_byte(text + 1) : -1;
		if (byte < 0)
			return 0;
		bytes_append_char(out, byte);
		return 3;
	}
	return 0;
}

static const char *parse_text(const char *text, size_t len, struct bytes *out)
{
	const char *end = text + len;
	const char *slash;
	size_t taken;

	while ((slash = memchr(text, '\\', end - text))) {
		bytes_append(out, text, slash - text);
		taken = unescape(slash + 1, end - slash - 1, out);
		if (!taken)
			return "a backslash must begin \\t, \\n, \\\\ or \\xHH";
		text = slash + 1 + taken;
	}
	bytes_append(out, text, end - text);
	return NULL;
}

static const char *parse_u64(const char *text, size_t len, struct bytes *out)
{
	unsigned int base = 10;
	uint64_t value = 0;

	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
		len -= 2;
	}
	if (!len)
		return "not a number";
	for (size_t i = 0; i < len; i++) {
		int digit = hex_digit(text[i]);

		if (digit < 0 || digit >= (int)base)
			return "not a number";
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return "larger than a u64";
	}
	bytes_append(out, &value, sizeof(value));
	return NULL;
}

const char *format_parse(enum format format, const char *text, size_t len,
			 struct bytes *out)
{
	switch (format) {
	case FORMAT_TEXT:
		return parse_text(text, len, out);
	case FORMAT_RAW:
		bytes_append(out, text, len);
		return NULL;
	case FORMAT_HEX:
		return parse_hex(text, len, out);
	case FORMAT_U64:
	case FORMAT_X64:
		return parse_u64(text, len, out);
	case FORMAT_JSON:
		return json_compact(text, len, out);
	}
	return "unknown format";
}

size_t utf8_length(const void *text, size_t len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = text;
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 :
		   s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	uint32_t point;

	if (n <= 1 || n > len)
		return n > len ? 0 : n;
	point = s[0] & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (s[i] & 0x3f);
	}
	if (point < least[n] || point > 0x10ffff ||
	    (point >= 0xd800 && point <= 0xdfff))
		return 0;
	return n;
}

bool is_utf8(const void *data, size_t len)
{
	const unsigned char *s = data;
	size_t n;

	for (; len; s += n, len -= n) {
		n = utf8_length(s, len);
		if (!n)
			return false;
	}
	return true;
}

/*
 * Returns how many bytes at @s may go to a terminal as they are: none of a
 * control character, be it ASCII or C1 (U+0080 to U+009F).
 */
static size_t printable(const unsigned char *s, size_t len)
{
	size_t n = utf8_length(s, len);

	if (n == 1)
		return s[0] >= 0x20 && s[0] != 0x7f && s[0] != '\\';
	if (n == 2 && s[0] == 0xc2 && s[1] < 0xa0)
		return 0;
	return n;
}

static void append_hex(struct bytes *out, unsigned char byte)
{
	bytes_append_char(out, digits[byte >> 4]);
	bytes_append_char(out, digits[byte & 15]);
}

static void append_escaped(struct bytes *out, unsigned char byte)
{
	bytes_append_char(out, '\\');
	switch (byte) {
	case '\t':
		bytes_append_char(out, 't');
		break;
	case '\n':
		bytes_append_char(out, 'n');
		break;
	case '\\':
		bytes_append_char(out, '\\');
		break;
	default:
		bytes_append_char(out, 'x');
		append_hex(out, byte);
	}
}

static void print_text(const unsigned char *s, size_t len, struct bytes *out)
{
	size_t plain = 0;
	size_t n;

	while (plain < len) {
		n = printable(s + plain, len - plain);
		if (n) {
			plain += n;
			continue;
		}
		bytes_append(out, s, plain);
		append_escaped(out, s[plain]);
		s += plain + 1;
		len -= plain + 1;
		plain = 0;
	}
	bytes_append(out, s, plain);
}

static const char *print_u64(enum format format, const void *data, size_t len,
			     struct bytes *out)
{
	unsigned int base = format == FORMAT_X64 ? 16 : 10;
	char text[24];
	size_t at = sizeof(text);
	uint64_t value;

	if (len != sizeof(value))
		return "not the eight bytes of a u64";
	memcpy(&value, data, sizeof(value));
	do {
		text[--at] = digits[value % base];
		value /= base;
	} while (value);
	if (base == 16) {
		text[--at] = 'x';
		text[--at] = '0';
	}
	bytes_append(out, text + at, sizeof(text) - at);
	return NULL;
}

const char *format_print(enum format format, const void *data, size_t len,
			 struct bytes *out)
{
	const unsigned char *s = data;

	switch (format) {
	case FORMAT_TEXT:
		print_text(s, len, out);
		return NULL;
	case FORMAT_RAW:
		bytes_append(out, data, len);
		return NULL;
	case FORMAT_HEX:
		for (size_t i = 0; i < len; i++)
			append_hex(out, s[i]);
		return NULL;
	case FORMAT_U64:
	case FORMAT_X64:
		return print_u64(format, data, len, out);
	case FORMAT_JSON:
		return json_compact(data, len, out);
	}
	return "unknown format";
}
