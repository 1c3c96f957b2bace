// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "record.h"
#include "source.h"

void source_begin(struct source *source, int fd, bool json, size_t max)
{
	*source = (struct source){
		.lines = { .fd = fd, .max = max, .pieces = json },
		.json = json,
		.layout = json ? SOURCE_UNKNOWN : SOURCE_LINES,
	};
}

static enum source_got tell(struct source *source, enum source_got got,
			    const char *wrong)
{
	snprintf(source->wrong, sizeof(source->wrong), "%s", wrong);
	return got;
}

static enum source_got too_long(struct source *source, enum source_got got)
{
	snprintf(source->wrong, sizeof(source->wrong),
		 "more than %zu bytes, which no entry of the map takes",
		 source->lines.max);
	return got;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Returns whether the object ends with this character. */
static bool add_character(struct source *source, char c)
{
	bytes_append_char(&source->element, c);
	if (source->in_string) {
		source->in_string = source->escaped || c != '"';
		source->escaped = !source->escaped && c == '\\';
		return false;
	}
	source->in_string = c == '"';
	if (c == '{' || c == '[')
		source->depth++;
	return (c == '}' || c == ']') && !--source->depth;
}

static enum source_got begin_element(struct source *source, char c)
{
	if (c == ']' && source->place == PLACE_BEGIN) {
		source->place = PLACE_END;
		return SOURCE_NONE;
	}
	if (c != '{' || source->place == PLACE_END)
		return tell(source, SOURCE_BROKEN, source->place == PLACE_END ?
			    "more behind the array" :
			    "not JSON: an object is missing");
	source->begin = source->line;
	source->element.len = 0;
	source->place = PLACE_ELEMENT;
	add_character(source, c);
	return SOURCE_NONE;
}

static enum source_got take(struct source *source, char c)
{
	if (source->place == PLACE_ELEMENT) {
		if (source->element.len > source->lines.max)
			return too_long(source, SOURCE_BROKEN);
		if (!add_character(source, c))
			return SOURCE_NONE;
		source->place = PLACE_COMMA;
		return SOURCE_RECORD;
	}
	if (is_space(c))
		return SOURCE_NONE;
	source->begin = source->line;
	if (source->place != PLACE_COMMA)
		return begin_element(source, c);
	if (c != ',' && c != ']')
		return tell(source, SOURCE_BROKEN, "not JSON: a comma is missing");
	source->place = c == ',' ? PLACE_NEXT : PLACE_END;
	return SOURCE_NONE;
}

static enum source_got take_rest(struct source *source, const char **text,
				 size_t *len)
{
	enum source_got got = SOURCE_NONE;

	while (source->left && got == SOURCE_NONE) {
		source->left--;
		got = take(source, *source->rest++);
	}
	*text = source->element.data;
	*len = source->element.len;
	return got;
}

static bool is_blank(const struct source *source, const char *line, size_t len)
{
	if (record_is_blank(line, len))
		return true;
	while (source->json && len && is_space(line[len - 1]))
		len--;
	return !len;
}

/* Returns whether the line is of an array. */
static bool is_array(struct source *source, const char **line, size_t *len)
{
	const char *at = *line;

	if (source->layout != SOURCE_UNKNOWN)
		return source->layout == SOURCE_ARRAY;
	while (is_space(*at))
		at++;
	if (*at != '[') {
		source->layout = SOURCE_LINES;
		source->lines.pieces = false;
		source->lines.skipping = source->goes_on;
		return false;
	}
	source->layout = SOURCE_ARRAY;
	at++;
	*len -= at - *line;
	*line = at;
	return true;
}

/* A line that has arrived, or a piece of one */
static enum source_got take_line(struct source *source, bool new_line,
				 const char **text, size_t *len)
{
	bool forgotten = source->lines.cut && !source->goes_on;

	if (source->layout != SOURCE_ARRAY && !forgotten &&
	    is_blank(source, *text, *len))
		return SOURCE_NONE;
	if (is_array(source, text, len)) {
		source->rest = *text;
		source->left = *len;
		if (new_line && source->place == PLACE_ELEMENT)
			bytes_append_char(&source->element, '\n');
		return take_rest(source, text, len);
	}
	/* Told when its end has come */
	if (source->goes_on)
		return SOURCE_NONE;
	source->begin = source->line;
	return source->lines.cut || *len > source->lines.max ?
		too_long(source, SOURCE_BAD) : SOURCE_RECORD;
}

enum source_got source_next(struct source *source, const char **text,
			    size_t *len)
{
	enum source_got got = take_rest(source, text, len);
	bool new_line;

	while (got == SOURCE_NONE && lines_next(&source->lines, text, len)) {
		new_line = !source->goes_on;
		source->line += new_line;
		source->goes_on = source->lines.pieces && source->lines.cut;
		got = take_line(source, new_line, text, len);
	}
	return got;
}

enum source_got source_end(struct source *source)
{
	source->begin = source->line;
	if (source->layout != SOURCE_ARRAY || source->place == PLACE_END)
		return SOURCE_NONE;
	return tell(source, SOURCE_BROKEN, "the end of the array is missing");
}

void source_free(struct source *source)
{
	lines_free(&source->lines);
	bytes_free(&source->element);
}
