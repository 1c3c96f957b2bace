// SPDX-License-Identifier: GPL-2.0-only
/* The verbs and options: what main() accepts and help shows */
#include <string.h>

#include "cli.h"

const struct verb verbs[] = {
	{ "create", "MAP [COMMAND...]", "tmyKVEBTS",
	  "make a map, and become the command, if there is one",
	  verb_create, MAP_NONE, 1, ANY_NUMBER },
	{ "set", "MAP", "mGyEBTS", "change what a map is",
	  verb_set, MAP_ADMIN, 1, 1 },
	{ "remove", "MAP", "", "remove a map's name, and the map with its last user",
	  verb_remove, MAP_NONE, 1, 1 },
	{ "list", "", "", "list the named maps",
	  verb_list, MAP_NONE, 0, 0 },
	{ "info", "[MAP]", "", "tell what a map is, or what the kernel offers",
	  verb_info, MAP_MOST, 0, 1 },
	{ "stats", "MAP", "", "tell what a map is doing",
	  verb_stats, MAP_ANY, 1, 1 },
	{ "load", "MAP KEY...|-", "fkN", "get the value of keys",
	  verb_load, MAP_READ, 2, ANY_NUMBER },
	{ "store", "MAP KEY VALUE", "fkT", "set the value of a key",
	  verb_store, MAP_WRITE, 3, 3 },
	{ "load-or-store", "MAP KEY VALUE", "fkT",
	  "get the value of a key; if it has none, set it",
	  verb_load_or_store, MAP_BOTH, 3, 3 },
	{ "load-or-compute", "MAP KEY -- COMMAND...", "fkTWLe",
	  "get the value of a key; if it has none, run a command that prints it",
	  verb_load_or_compute, MAP_BOTH, 3, ANY_NUMBER },
	{ "load-and-delete", "MAP KEY", "fk", "take a key out of a map",
	  verb_load_and_delete, MAP_BOTH, 2, 2 },
	{ "delete", "MAP KEY", "k", "delete a key",
	  verb_delete, MAP_WRITE, 2, 2 },
	{ "swap", "MAP KEY VALUE", "fkT",
	  "set the value of a key, get the previous one",
	  verb_swap, MAP_BOTH, 3, 3 },
	{ "compare-and-swap", "MAP KEY OLD|-r REVISION VALUE", "fkrT",
	  "set the value of a key if it is the expected one",
	  verb_compare_and_swap, MAP_BOTH, 3, 4 },
	{ "compare-and-delete", "MAP KEY OLD|-r REVISION", "fkr",
	  "delete a key if its value is the expected one",
	  verb_compare_and_delete, MAP_BOTH, 2, 3 },
	{ "touch", "MAP KEY", "fkT", "get the value of a key, and set its time",
	  verb_touch, MAP_BOTH, 2, 2 },
	{ "append", "MAP KEY VALUE", "fkT",
	  "put something behind the value of a key",
	  verb_append, MAP_WRITE, 3, 3 },
	{ "add", "MAP KEY [N]", "kuib", "add N, by default 1, to a number",
	  verb_calculate, MAP_BOTH, 2, 3 },
	{ "sub", "MAP KEY [N]", "kuib", "subtract N, by default 1, from a number",
	  verb_calculate, MAP_BOTH, 2, 3 },
	{ "min", "MAP KEY N", "kui", "make a number N if it is greater",
	  verb_calculate, MAP_BOTH, 3, 3 },
	{ "max", "MAP KEY N", "kui", "make a number N if it is less",
	  verb_calculate, MAP_BOTH, 3, 3 },
	{ "and", "MAP KEY N", "kui", "clear the bits of a number that N has not",
	  verb_calculate, MAP_BOTH, 3, 3 },
	{ "or", "MAP KEY N", "kui", "set the bits of a number that N has",
	  verb_calculate, MAP_BOTH, 3, 3 },
	{ "xor", "MAP KEY N", "kui", "turn the bits of a number that N has",
	  verb_calculate, MAP_BOTH, 3, 3 },
	{ "hold", "MAP KEY VALUE [COMMAND...]", "fkaT",
	  "keep an entry for as long as a command runs",
	  verb_hold, MAP_BOTH, 3, ANY_NUMBER },
	{ "exec", "MAP COMMAND...", "RO",
	  "become a command that inherits a descriptor of the map",
	  verb_exec, MAP_BOTH, 2, ANY_NUMBER },
	{ "batch", "MAP", "fkTuis", "do the operations that standard input lists",
	  verb_batch, MAP_MOST, 1, 1 },
	{ "range", "MAP", "fkn", "show all entries",
	  verb_range, MAP_READ, 1, 1 },
	{ "watch", "MAP [KEY]", "fkxvdcw", "show what changes, as it does",
	  verb_watch, MAP_READ, 1, 2 },
	{ "count", "MAP", "", "tell the number of entries",
	  verb_count, MAP_ANY, 1, 1 },
	{ "clear", "MAP", "", "delete all entries at once",
	  verb_clear, MAP_WRITE, 1, 1 },
	{ "freeze", "MAP", "", "let nobody write any more, for good",
	  verb_freeze, MAP_ADMIN, 1, 1 },
	{ "retire", "MAP", "", "remove, freeze and empty a map, for good",
	  verb_retire, MAP_ADMIN, 1, 1 },
	{ "import", "MAP [FILE]", "fklaPT", "store the entries that a file lists",
	  verb_import, MAP_BOTH, 1, 2 },
	{ "export", "MAP [FILE]", "fklP", "write all entries as import reads them",
	  verb_export, MAP_READ, 1, 2 },
	{ "doctor", "", "", "find out why nothing works",
	  verb_doctor, MAP_NONE, 0, 0 },
	{ "help", "[VERB]", "", "explain syncmapctl, or a verb",
	  verb_help, MAP_NONE, 0, 1 },
	{ "version", "", "", "tell the version of the tool, and ABI levels",
	  verb_version, MAP_NONE, 0, 0 },
	{ }
};

const struct option_help options[] = {
	{ 'j', "json", NULL, "answer in JSON" },
	{ 'p', "pretty", NULL, "answer in JSON, indented" },
	{ 'h', "help", NULL, "explain the verb" },
	{ 'f', "format", "FORMAT", "of values: text, raw, hex, u64, x64 or json" },
	{ 'k', "key-format", "FORMAT", "of keys; by default what suits the map" },
	{ 'r', "revision", "REVISION", "expect this revision of the entry" },
	{ 'N', "newer", "REVISION", "only if the entry has a higher revision" },
	{ 'u', "u32", NULL, "the number has 32 bits, not 64" },
	{ 'i', "initial", "N", "what an absent key counts as" },
	{ 'b', "bound", "N", "the highest result, or the lowest of sub" },
	{ 's', "stop", NULL, "at the first operation that fails" },
	{ 'n', "keys-only", NULL, "leave the values out" },
	{ 'x', "prefix", "PREFIX", "only keys that begin with this" },
	{ 'v', "values", NULL, "show values, too" },
	{ 'd', "dump", NULL, "first show what is there" },
	{ 'c', "count", "N", "end after so many events" },
	{ 'w', "timeout", "SECONDS", "wait no longer than this" },
	{ 't', "type", "TYPE", "of keys: u64, string (default) or bytes" },
	{ 'm', "mode", "MODE", "permission, octal (default 600), less the umask" },
	{ 'G', "group", "GROUP", "whose members the mode is for, by name or number" },
	{ 'y', "values-are", "KIND", "text, u64, json or bytes, for those who show them" },
	{ 'E', "entries", "N", "most entries the map may hold" },
	{ 'B', "bytes", "N", "most bytes the map may hold" },
	{ 'K', "key-size", "N", "most bytes of a key" },
	{ 'V', "value-size", "N", "most bytes of a value" },
	{ 'T', "ttl", "TIME", "that the entry, or all of a map, lives; or never" },
	{ 'S', "stale", "TIME", "that expired values are kept for those who compute" },
	{ 'e', "expired", NULL, "rather than wait, take a value that has expired" },
	{ 'W', "wait", "TIME", "for somebody else who computes; default never ends" },
	{ 'L', "lease-for", "TIME", "to compute; then it is somebody else's turn" },
	{ 'l', "json-lines", NULL, "lines of JSON instead of key, tab, value" },
	{ 'a', "if-absent", NULL, "keep the value of keys that are there already" },
	{ 'R', "read-only", NULL, "the command can only read the map" },
	{ 'O', "write-only", NULL, "the command can only write to the map" },
	{ 'P', "progress", NULL, "show progress even if it is not a terminal" },
	{ }
};

const struct verb *find_verb(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}

const struct option_help *find_option(int letter)
{
	for (const struct option_help *o = options; o->letter; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}
