// SPDX-License-Identifier: GPL-2.0-only
/* What doctor says of modules that are files, in trees made for it */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "installed.h"
#include "test-dir.h"

#define RELEASE	"6.1.0-9-amd64"
#define OTHER	"6.1.0-8-amd64"
#define MODULES	"lib/modules/" RELEASE "/"
#define SELF	"version=" SYNCMAP_VERSION "\0srcversion=NEW\0" \
		"vermagic=" RELEASE " SMP \0"

static char root[64];
static char text[INSTALLED_TEXT];
static const struct machine machine = { .root = root, .release = RELEASE };

static void __attribute__((format(printf, 1, 2))) run(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	assert_int_equal(system(command), 0);
}

static void put(const char *name, const void *data, size_t len)
{
	FILE *file;

	run("mkdir -p $(dirname %s)", name);
	file = fopen(name, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void put_text(const char *name, const char *line)
{
	put(name, line, strlen(line));
}

/* A module that says this of itself, and @signer, unless that is NULL */
static void put_module(const char *name, const char *info, size_t len,
		       const char *signer)
{
	static const char names[] = "\0.modinfo\0.shstrtab";
	struct {
		Elf64_Ehdr	head;
		Elf64_Shdr	section[3];
	} elf = {
		.head = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
				     ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_REL, .e_machine = EM_X86_64,
			.e_version = EV_CURRENT, .e_ehsize = sizeof(Elf64_Ehdr),
			.e_shoff = sizeof(Elf64_Ehdr),
			.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3,
			.e_shstrndx = 2,
		},
	};
	/* That of sign-file, in the form that has the name itself */
	unsigned char end[12] = { 1, 4, 1 };
	char data[2048];
	size_t size = sizeof(elf);

	elf.section[1] = (Elf64_Shdr){
		.sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = size,
		.sh_size = len,
	};
	elf.section[2] = (Elf64_Shdr){
		.sh_name = 10, .sh_type = SHT_STRTAB, .sh_offset = size + len,
		.sh_size = sizeof(names),
	};
	memcpy(data, &elf, size);
	memcpy(data + size, info, len);
	size += len;
	memcpy(data + size, names, sizeof(names));
	size += sizeof(names);
	if (signer) {
		end[3] = strlen(signer);
		end[4] = 4;
		end[11] = 8;
		size += sprintf(data + size, "%sKEYIsignatur", signer);
		memcpy(data + size, end, sizeof(end));
		size += sizeof(end);
		size += sprintf(data + size, "~Module signature appended~\n");
	}
	put(name, data, size);
}

static void depmod(void)
{
	put_text(MODULES "modules.order", "");
	put_text(MODULES "modules.builtin", "");
	run("depmod -b . " RELEASE " 2>/dev/null");
}

static void put_own(const char *signer)
{
	put_module(MODULES "updates/dkms/syncmap.ko", SELF, sizeof(SELF) - 1,
		   signer);
	depmod();
}

static void put_loaded(const char *version, const char *srcversion)
{
	put_text("sys/module/syncmap/version", version);
	put_text("sys/module/syncmap/srcversion", srcversion);
}

static int set_up_root(void **state)
{
	set_up(state);
	snprintf(root, sizeof(root), "%s", (char *)*state);
	run("mkdir -p " MODULES);
	return 0;
}

static void explains(const char *what)
{
	installed_explain(&machine, text, sizeof(text));
	if (!strstr(text, what))
		fail_msg("'%s' is not in '%s'", what, text);
}

static void explains_not(const char *what)
{
	installed_explain(&machine, text, sizeof(text));
	if (strstr(text, what))
		fail_msg("'%s' is in '%s'", what, text);
}

static void compares(bool good, const char *what)
{
	assert_int_equal(installed_compare(&machine, text, sizeof(text)), good);
	if (!strstr(text, what))
		fail_msg("'%s' is not in '%s'", what, text);
}

static void no_headers(void **state)
{
	(void)state;
	explains("no module for the running kernel, " RELEASE ", and its headers");
	explains("'apt-get install linux-headers-" RELEASE "'");
	explains_not("(");
}

static void headers_of_another_kernel(void **state)
{
	(void)state;
	put_text("lib/modules/" OTHER "/build/Makefile", "");
	explains("not installed (those of " OTHER " are): 'apt-get install "
		 "linux-headers-" RELEASE "'");
}

static void module_of_another_kernel(void **state)
{
	(void)state;
	put_text("lib/modules/" OTHER "/updates/dkms/syncmap.ko.xz", "");
	put_text("lib/modules/5.10.0-1-amd64/extra/syncmap.ko", "");
	explains(RELEASE " (there is for 5.10.0-1-amd64, " OTHER "), and its headers");
	/* The build directory of headers is not of the kernel */
	put_text(MODULES "build/Makefile", "");
	run("ln -s $PWD/build " MODULES "source; mkdir build; touch build/syncmap.ko");
	explains("though its headers are: 'apt-get install syncmap-dkms'");
}

static void module_that_was_not_built(void **state)
{
	(void)state;
	put_text(MODULES "build/Makefile", "");
	put_text("var/lib/dkms/syncmap/log", "");
	explains("'dkms autoinstall' builds it; if it fails, /var/lib/dkms/syncmap/"
		 SYNCMAP_VERSION "/build/make.log");
}

static void kernel_of_clang(void **state)
{
	(void)state;
	put_text(MODULES "build/Makefile", "");
	put_text("proc/version", "Linux version 6.1 (a@b) (gcc 12.2, GNU ld 2.40)\n");
	explains_not("clang");
	put_text("proc/version", "Linux version 6.1 (a@b) (clang version 16.0.6)\n");
	explains("was built by clang");
	put_text("usr/bin/clang", "");
	explains_not("clang");
}

static void file_that_depmod_has_not_seen(void **state)
{
	(void)state;
	depmod();
	put_text(MODULES "updates/syncmap.ko", "");
	explains(RELEASE "/updates/syncmap.ko yet: 'depmod'");
	/* The first of two, by its name */
	put_text(MODULES "extra/syncmap.ko", "");
	put_text(MODULES "weak/syncmap.ko", "");
	explains(RELEASE "/extra/syncmap.ko yet: 'depmod'");
	put_loaded("0.0.9", "OLD");
	compares(false, "yet: 'depmod'");
}

static void nothing_but_modprobe(void **state)
{
	(void)state;
	put_own(NULL);
	explains("not loaded: 'modprobe syncmap', as root, loads ");
	explains_not("of version");
	explains_not("before");
}

static void built_for_another_kernel(void **state)
{
	static const char info[] = "version=" SYNCMAP_VERSION
				   "\0vermagic=" RELEASE "-rt SMP \0";

	(void)state;
	put_module(MODULES "extra/syncmap.ko", info, sizeof(info) - 1, NULL);
	depmod();
	explains("extra/syncmap.ko was built for another kernel, " RELEASE "-rt: "
		 "build it for " RELEASE);
}

static void old_copy_that_wins(void **state)
{
	static const char info[] = "version=0.0.9\0srcversion=OLD\0";

	(void)state;
	put_module(MODULES "kernel/syncmap.ko", SELF, sizeof(SELF) - 1, NULL);
	put_module(MODULES "updates/syncmap.ko", info, sizeof(info) - 1, NULL);
	depmod();
	explains("updates/syncmap.ko; if that fails, dmesg tells why, which is of "
		 "version 0.0.9");
	explains("it is found before ");
	put_loaded("0.0.9", "OLD");
	compares(false, "updates/syncmap.ko, of version 0.0.9, is found before ");
	run("rm " MODULES "kernel/syncmap.ko");
	compares(true, "0.0.9, as in ");
}

static void older_one_is_loaded(void **state)
{
	(void)state;
	put_own(NULL);
	put_loaded("0.0.9", "OLD");
	compares(false, "what is loaded, of version 0.0.9, is another build than ");
	put_loaded(SYNCMAP_VERSION, "NEW");
	compares(true, SYNCMAP_VERSION ", as in ");
}

static void loaded_by_hand(void **state)
{
	(void)state;
	put_loaded(SYNCMAP_VERSION, "NEW");
	compares(true, SYNCMAP_VERSION ", loaded by hand");
}

static void compressed_modules(void **state)
{
	(void)state;
	put_own(NULL);
	put_loaded(SYNCMAP_VERSION, "NEW");
	run("xz " MODULES "updates/dkms/syncmap.ko");
	depmod();
	compares(true, "dkms/syncmap.ko.xz");
	put_loaded(SYNCMAP_VERSION, "OLD");
	compares(false, "another build than ");
}

static void enforce(void)
{
	put_text("sys/module/module/parameters/sig_enforce", "Y\n");
}

static void unsigned_module(void **state)
{
	(void)state;
	put_own(NULL);
	put_text("sys/module/module/parameters/sig_enforce", "N\n");
	put_text("sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	explains_not("signed");
	put_text("sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	explains("takes only signed modules (lockdown), and ");
	enforce();
	explains("takes only signed modules (module.sig_enforce), and ");
	explains("SECURE BOOT in syncmap(4)");
}

#define EFIVARS	"sys/firmware/efi/efivars/"
#define MOK	"-605dab50-e046-4300-abb6-3dd810dd8b23"

static void secure_boot_is_named(void **state)
{
	static const char name[] =
		EFIVARS "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

	(void)state;
	put_own(NULL);
	enforce();
	put(name, "\6\0\0\0\1", 5);
	explains("signed modules (Secure Boot)");
	put(name, "\6\0\0\0\0", 5);
	explains("signed modules (module.sig_enforce)");
}

static void signer_that_is_not_known(void **state)
{
	(void)state;
	put_own("Tester");
	enforce();
	/* Nobody but root sees keys */
	put_text("proc/keys", "0a I--Q--- 1 perm 3f010000 0 0 keyring _uid: 1\n");
	explains("'modprobe syncmap'");
	put_text("proc/keys",
		 "0a I------ 1 perm 1f030000 0 0 asymmetri Mr Tester: ab: X509.rsa []\n");
	explains("does not have the key of its signer, Tester");
	put_text("proc/keys",
		 "0a I------ 1 perm 1f030000 0 0 asymmetri Other: ab: X509.rsa []\n"
		 "0b I------ 1 perm 1f030000 0 0 asymmetri Tester: cd: X509.rsa []\n");
	explains("'modprobe syncmap'");
}

static void key_that_waits(void **state)
{
	(void)state;
	put_own("Tester");
	enforce();
	put_text("proc/keys",
		 "0a I------ 1 perm 1f030000 0 0 asymmetri Other: ab: X509.rsa []\n");
	put_text("var/lib/dkms/mok.pub", "certificate");
	put_text(EFIVARS "MokNew" MOK, "\7 another one");
	explains("does not have the key");
	put_text(EFIVARS "MokNew" MOK, "\7 one certificate more");
	explains("waits to be confirmed");
	run("rm " EFIVARS "MokNew" MOK);
	put_text(EFIVARS "MokListRT" MOK, "\7 one certificate more");
	explains("'modprobe syncmap'");
}

#define test(name) \
	cmocka_unit_test_setup_teardown(name, set_up_root, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(no_headers),
		test(headers_of_another_kernel),
		test(module_of_another_kernel),
		test(module_that_was_not_built),
		test(kernel_of_clang),
		test(file_that_depmod_has_not_seen),
		test(nothing_but_modprobe),
		test(built_for_another_kernel),
		test(old_copy_that_wins),
		test(older_one_is_loaded),
		test(loaded_by_hand),
		test(compressed_modules),
		test(unsigned_module),
		test(secure_boot_is_named),
		test(signer_that_is_not_known),
		test(key_that_waits),
	};

	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
