// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module as files below /lib/modules: whether it was built for a kernel, which
 * one modprobe finds, and what the kernel would say to that.
 */
#include <dirent.h>
#include <fts.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libkmod.h>

#include "bytes.h"
#include "installed.h"
#include "lines.h"

#define FIELD	128

/* What a module says of itself; empty what it does not */
struct file {
	char	path[PATH_MAX];
	char	version[FIELD];
	char	srcversion[FIELD];
	char	vermagic[FIELD];
	char	signer[FIELD];
};

/* All of a kernel */
struct installed {
	struct file	first;		/* that modprobe finds; no path: none */
	char		other[PATH_MAX];	/* one that it does not find */
};

static const char secure_boot[] =
	"/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
/* Certificates that the owner of the machine has enrolled, and is about to */
static const char enrolled[] =
	"/sys/firmware/efi/efivars/MokListRT-605dab50-e046-4300-abb6-3dd810dd8b23";
static const char requested[] =
	"/sys/firmware/efi/efivars/MokNew-605dab50-e046-4300-abb6-3dd810dd8b23";
/* That DKMS signs with */
static const char dkms_key[] = "/var/lib/dkms/mok.pub";

/* A path that the root makes too long is none that is there */
static const char *below(const struct machine *machine, char *path,
			 const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static const char *below(const struct machine *machine, char *path,
			 const char *format, ...)
{
	int len = snprintf(path, PATH_MAX, "%s", machine->root);
	va_list args;

	va_start(args, format);
	if (len < PATH_MAX)
		vsnprintf(path + len, PATH_MAX - len, format, args);
	va_end(args);
	return path;
}

static bool exists(const struct machine *machine, const char *name)
{
	char path[PATH_MAX];

	return !access(below(machine, path, "%s", name), F_OK);
}

static bool read_line(const struct machine *machine, const char *name,
		      char *line, size_t size)
{
	char path[PATH_MAX];

	return read_first_line(below(machine, path, "%s", name), line, size);
}

static void read_fields(struct kmod_module *module, struct file *file)
{
	const struct {
		const char	*name;
		char		*text;
	} fields[] = {
		{ "version", file->version },
		{ "srcversion", file->srcversion },
		{ "vermagic", file->vermagic },
		{ "signer", file->signer },
	};
	struct kmod_list *list = NULL, *item;

	if (kmod_module_get_info(module, &list) < 0)
		return;
	kmod_list_foreach(item, list) {
		const char *key = kmod_module_info_get_key(item);

		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
			if (!strcmp(key, fields[i].name))
				snprintf(fields[i].text, FIELD, "%s",
					 kmod_module_info_get_value(item));
	}
	kmod_module_info_free_list(list);
}

/* As modprobe looks for it, but for aliases, and what modprobe.d says */
static void find_first(const struct machine *machine, struct file *file)
{
	static const char *const no_config[] = { NULL };
	struct kmod_list *list = NULL;
	struct kmod_module *module;
	struct kmod_ctx *ctx;
	char path[PATH_MAX];

	below(machine, path, "/lib/modules/%s", machine->release);
	ctx = kmod_new(path, no_config);
	if (!ctx)
		out_of_memory();
	kmod_set_log_priority(ctx, 0);
	if (kmod_module_new_from_lookup(ctx, "syncmap", &list) >= 0 && list) {
		module = kmod_module_get_module(list);
		if (kmod_module_get_path(module)) {
			snprintf(file->path, sizeof(file->path), "%s",
				 kmod_module_get_path(module));
			read_fields(module, file);
		}
		kmod_module_unref(module);
		kmod_module_unref_list(list);
	}
	kmod_unref(ctx);
}

/* syncmap.ko, with what tells how it is compressed */
static bool is_module(const char *name)
{
	static const char module[] = "syncmap.ko";
	const char *end = name + strlen(module);

	return !strncmp(name, module, strlen(module)) && (!*end || *end == '.');
}

/* Below /lib/modules/@release one that is not @known, the first by its name */
static bool find_file(const struct machine *machine, const char *release,
		      const char *known, char found[PATH_MAX])
{
	char path[PATH_MAX];
	char *const paths[] = { path, NULL };
	FTSENT *entry;
	FTS *fts;

	found[0] = '\0';
	below(machine, path, "/lib/modules/%s", release);
	/* The links build and source lead elsewhere */
	fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	if (!fts)
		return false;
	while ((entry = fts_read(fts))) {
		if (entry->fts_info != FTS_F || !is_module(entry->fts_name) ||
		    !strcmp(entry->fts_path, known))
			continue;
		if (!found[0] || strcmp(entry->fts_path, found) < 0)
			snprintf(found, PATH_MAX, "%s", entry->fts_path);
	}
	fts_close(fts);
	return found[0];
}

static void look(const struct machine *machine, struct installed *installed)
{
	memset(installed, 0, sizeof(*installed));
	find_first(machine, &installed->first);
	find_file(machine, machine->release, installed->first.path,
		  installed->other);
}

/* For which kernels there is what @has asks for; or NULL */
static char *find_kernels(const struct machine *machine,
			  bool (*has)(const struct machine *machine,
				       const char *release))
{
	struct bytes names = { };
	char path[PATH_MAX];
	struct dirent **list;
	int n;

	n = scandir(below(machine, path, "/lib/modules"), &list, NULL,
		    alphasort);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (name[0] != '.' && has(machine, name)) {
			bytes_append(&names, ", ", names.len ? 2 : 0);
			bytes_append(&names, name, strlen(name));
		}
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	if (names.len)
		bytes_append(&names, "", 1);
	return names.data;
}

static bool has_module(const struct machine *machine, const char *release)
{
	char found[PATH_MAX];

	return find_file(machine, release, "", found);
}

static bool has_headers(const struct machine *machine, const char *release)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "/lib/modules/%s/build/Makefile", release);
	return exists(machine, name);
}

/* The compiler of a kernel has to be that of its modules */
static bool lacks_clang(const struct machine *machine)
{
	const char *path = getenv("PATH");
	char line[512], name[PATH_MAX];

	if (!read_line(machine, "/proc/version", line, sizeof(line)) ||
	    !strstr(line, "clang version"))
		return false;
	while (path && *path) {
		size_t len = strcspn(path, ":");

		snprintf(name, sizeof(name), "%.*s/clang", (int)len, path);
		if (exists(machine, name))
			return false;
		path += len + (path[len] == ':');
	}
	return true;
}

static void __attribute__((format(printf, 3, 4)))
add(char *text, size_t size, const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, format);
	vsnprintf(text + len, size - len, format, args);
	va_end(args);
}

static void explain_build(const struct machine *machine, char *text,
			  size_t size)
{
	const char *release = machine->release;
	char *built = find_kernels(machine, has_module);
	char *headers = find_kernels(machine, has_headers);

	add(text, size, "there is no module for the running kernel, %s",
	    release);
	if (built)
		add(text, size, " (there is for %s)", built);
	if (!has_headers(machine, release)) {
		add(text, size, ", and its headers, of which one is built, are "
		    "not installed");
		if (headers)
			add(text, size, " (those of %s are)", headers);
		add(text, size, ": 'apt-get install linux-headers-%s'; if "
		    "there is no such package any more, start the kernel that "
		    "has taken its place", release);
	} else if (lacks_clang(machine)) {
		add(text, size, ": this kernel was built by clang, and so has "
		    "to be the module: 'apt-get install clang lld', then "
		    "'dkms autoinstall', or make and install it");
	} else if (exists(machine, "/var/lib/dkms/syncmap")) {
		add(text, size, ", though its headers are: 'dkms autoinstall' "
		    "builds it; if it fails, /var/lib/dkms/syncmap/%s/build/"
		    "make.log tells why", SYNCMAP_VERSION);
	} else {
		add(text, size, ", though its headers are: 'apt-get install "
		    "syncmap-dkms', or make and install it");
	}
	free(built);
	free(headers);
}

/* What keeps modules out that are not signed; NULL if nothing does */
static const char *needs_signature(const struct machine *machine)
{
	unsigned char state[5] = { };
	char line[128], path[PATH_MAX];
	FILE *file;

	file = fopen(below(machine, path, "%s", secure_boot), "re");
	if (file) {
		/* Behind four bytes of attributes */
		if (fread(state, 1, sizeof(state), file) != sizeof(state))
			state[4] = 0;
		fclose(file);
	}
	if (read_line(machine, "/sys/module/module/parameters/sig_enforce",
		      line, sizeof(line)) && line[0] == 'Y')
		return state[4] ? "Secure Boot" : "module.sig_enforce";
	if (read_line(machine, "/sys/kernel/security/lockdown", line,
		      sizeof(line)) && !strstr(line, "[none]"))
		return state[4] ? "Secure Boot" : "lockdown";
	return NULL;
}

/* Whether the certificate is among those of a variable of the firmware */
static bool has_certificate(const struct machine *machine, const char *variable)
{
	struct bytes all = { }, one = { };
	char path[PATH_MAX];
	FILE *file;
	bool found = false;

	file = fopen(below(machine, path, "%s", dkms_key), "re");
	if (file) {
		bytes_read_fd(&one, fileno(file), 1 << 16);
		fclose(file);
	}
	file = fopen(below(machine, path, "%s", variable), "re");
	if (file) {
		bytes_read_fd(&all, fileno(file), 1 << 20);
		fclose(file);
	}
	if (one.len && all.len >= one.len)
		found = memmem(all.data, all.len, one.data, one.len);
	bytes_free(&all);
	bytes_free(&one);
	return found;
}

enum trust {
	TRUST_UNKNOWN,		/* only root sees the keys */
	TRUST_NONE,
	TRUST_KEY,
};

/* Whether the kernel has a key of the signer */
static enum trust find_trust(const struct machine *machine, const char *signer)
{
	static const char kind[] = " asymmetri ";
	char line[512], path[PATH_MAX], name[FIELD + 8], *key;
	enum trust trust = TRUST_UNKNOWN;
	FILE *file;

	file = fopen(below(machine, path, "/proc/keys"), "re");
	if (!file)
		return TRUST_UNKNOWN;
	snprintf(name, sizeof(name), "%s: ", signer);
	while (trust != TRUST_KEY && fgets(line, sizeof(line), file)) {
		key = strstr(line, kind);
		if (!key)
			continue;
		key += strlen(kind);
		trust = strncmp(key, name, strlen(name)) ? TRUST_NONE :
							   TRUST_KEY;
	}
	fclose(file);
	return trust;
}

/* Nothing if it has a signature that will do, so far as one can see */
static void explain_signature(const struct machine *machine,
			      const struct file *file, char *text, size_t size)
{
	const char *why = needs_signature(machine);
	enum trust trust = find_trust(machine, file->signer);

	if (!why)
		return;
	if (!file->signer[0])
		add(text, size, "not loaded, as this kernel takes only signed "
		    "modules (%s), and %s is not: sign it with a key that is "
		    "enrolled; see SECURE BOOT in syncmap(4)", why, file->path);
	else if (trust != TRUST_KEY && has_certificate(machine, requested))
		add(text, size, "not loaded: the key of its signer, %s, waits "
		    "to be confirmed: start the machine anew, and choose "
		    "'Enroll MOK' before the system starts (%s)", file->signer,
		    why);
	else if (trust == TRUST_NONE && !has_certificate(machine, enrolled))
		add(text, size, "not loaded: this kernel (%s) does not have "
		    "the key of its signer, %s: 'mokutil --import' its "
		    "certificate, with DKMS %s; see SECURE BOOT in syncmap(4)",
		    why, file->signer, dkms_key);
}

static void explain_first(const struct machine *machine,
			  const struct installed *installed, char *text,
			  size_t size)
{
	const struct file *file = &installed->first;
	size_t len = strlen(machine->release);

	if (file->vermagic[0] &&
	    (strncmp(file->vermagic, machine->release, len) ||
	     file->vermagic[len] != ' ')) {
		add(text, size, "%s was built for another kernel, %.*s: build "
		    "it for %s", file->path,
		    (int)strcspn(file->vermagic, " "), file->vermagic,
		    machine->release);
		return;
	}
	explain_signature(machine, file, text, size);
	if (text[0])
		return;
	add(text, size, "not loaded: 'modprobe syncmap', as root, loads %s; "
	    "if that fails, dmesg tells why", file->path);
	if (strcmp(file->version, SYNCMAP_VERSION))
		add(text, size, ", which is of version %s, where this tool is "
		    "of %s", file->version[0] ? file->version : "unknown",
		    SYNCMAP_VERSION);
	if (installed->other[0])
		add(text, size, "; it is found before %s: if that is the one "
		    "that is wanted, remove the first, and run 'depmod'",
		    installed->other);
}

void installed_explain(const struct machine *machine, char *text, size_t size)
{
	struct installed installed;

	text[0] = '\0';
	look(machine, &installed);
	if (installed.first.path[0])
		explain_first(machine, &installed, text, size);
	else if (installed.other[0])
		add(text, size, "not loaded: modprobe does not know of %s yet: "
		    "'depmod', then 'modprobe syncmap', as root",
		    installed.other);
	else
		explain_build(machine, text, size);
}

bool installed_compare(const struct machine *machine, char *text, size_t size)
{
	char version[FIELD] = "", srcversion[FIELD] = "";
	struct installed installed;
	struct file *first = &installed.first;

	text[0] = '\0';
	look(machine, &installed);
	read_line(machine, "/sys/module/syncmap/version", version,
		  sizeof(version));
	read_line(machine, "/sys/module/syncmap/srcversion", srcversion,
		  sizeof(srcversion));
	if (!first->path[0] && !installed.other[0]) {
		add(text, size, "%s, loaded by hand: none is installed below "
		    "/lib/modules/%s", version, machine->release);
		return true;
	}
	if (!first->path[0]) {
		add(text, size, "modprobe does not know of %s yet: 'depmod'",
		    installed.other);
		return false;
	}
	if (installed.other[0]) {
		add(text, size, "%s, of version %s, is found before %s: remove "
		    "the one that is not wanted, and run 'depmod'",
		    first->path, first->version, installed.other);
		return false;
	}
	if (strcmp(first->srcversion, srcversion)) {
		add(text, size, "what is loaded, of version %s, is another "
		    "build than %s, of version %s: that comes with the next "
		    "start, or when no map is left, with 'modprobe -r syncmap; "
		    "modprobe syncmap'", version, first->path, first->version);
		return false;
	}
	add(text, size, "%s, as in %s", version, first->path);
	return true;
}
