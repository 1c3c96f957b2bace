// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

package syncmap

import (
	"embed"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

var abiStructs = map[string]any{
	"error":    abiError{},
	"limits":   abiLimits{},
	"create":   abiCreate{},
	"open":     abiOpen{},
	"remove":   abiRemove{},
	"publish":  abiPublish{},
	"map_info": abiMapInfo{},
	"op":       abiOp{},
	"answer":   abiAnswer{},
	"batch":    abiBatch{},
	"await":    abiAwait{},
	"record":   abiRecord{},
	"range":    abiRange{},
	"watch":    abiWatch{},
	"clear":    abiPlain{},
	"freeze":   abiPlain{},
	"retire":   abiPlain{},
	"restrict": abiRestrict{},
}

var abiSizes = map[string]uintptr{
	"__u16": 2, "__u32": 4, "__s32": 4, "__u64": 8, "__s64": 8, "char[64]": 64,
	"struct syncmap_error": 24, "struct syncmap_limits": 24,
}

// header reads one that lies beside the program, or in the tree.
func header(t *testing.T, inTree string) string {
	for _, name := range []string{path.Base(inTree), "../../" + inTree} {
		if b, err := os.ReadFile(name); err == nil {
			return string(b)
		}
	}
	t.Fatalf("there is no %s", inTree)
	return ""
}

// Fields lie one behind the other, in the order of the table.
func TestABI(t *testing.T) {
	field := regexp.MustCompile(`(?m)^FIELD\((\w+),\s*[^,]*,\s*([^,]*),\s*(\w+)\)`)
	seen := map[string]int{}
	end := map[string]uintptr{}
	for _, row := range field.FindAllStringSubmatch(header(t, "tools/selftest/harness/abi.h"), -1) {
		name, ctype := row[1], row[2]
		value, ok := abiStructs[name]
		if !ok {
			continue
		}
		typ := reflect.TypeOf(value)
		if seen[name] >= typ.NumField() {
			t.Errorf("%s has more fields: %s", name, row[3])
			continue
		}
		got := typ.Field(seen[name])
		want := strings.ReplaceAll(row[3], "_", "")
		if want == "type" {
			want = "typ"
		}
		if strings.ToLower(got.Name) != want || got.Offset != end[name] ||
			got.Type.Size() != abiSizes[ctype] {
			t.Errorf("%s.%s: %s at %d of size %d; wanted at %d, of size %d", name, row[3],
				got.Name, got.Offset, got.Type.Size(), end[name], abiSizes[ctype])
		}
		seen[name]++
		end[name] += abiSizes[ctype]
	}
	for name, value := range abiStructs {
		typ := reflect.TypeOf(value)
		if seen[name] != typ.NumField() || end[name] != typ.Size() {
			t.Errorf("%s has %d fields of %d, and %d bytes of %d", name,
				seen[name], typ.NumField(), end[name], typ.Size())
		}
	}
}

//go:embed *.go
var sources embed.FS

// What C has no name for, or another value
var oursAlone = map[string]bool{
	"iocWrite": true, "iocReadWrite": true, "iocType": true, "cmdOpShort": true,
}

// Constants have the names of the headers, but for these
var renamed = map[string]string{
	"devicePath": "device", "endCursor": "end",
	"Read": "accessRead", "Write": "accessWrite", "Admin": "accessAdmin",
}

// What there is in abi.go, and all else that has a name of C, has the value of C.
func TestConstants(t *testing.T) {
	defined := map[string]constant.Value{}
	define(t, defined, "include/uapi/linux/syncmap.h")
	define(t, defined, "include/uapi/linux/syncmap_mapped.h")
	set, scope := checkSources(t)
	for _, name := range scope.Names() {
		c, ok := scope.Lookup(name).(*types.Const)
		if !ok || oursAlone[name] {
			continue
		}
		v, ok := defined[nameInC(name)]
		if !ok && set.File(c.Pos()).Name() != "abi.go" {
			continue
		}
		if !ok || !constant.Compare(v, token.EQL, c.Val()) {
			t.Errorf("%s is %v; %s is %v", name, c.Val(), nameInC(name), v)
		}
		delete(defined, nameInC(name))
	}
	// All that an Event or an Error can have
	for name := range defined {
		for _, prefix := range []string{"LIMITED_", "REASON_"} {
			if strings.HasPrefix(name, prefix) && name != "LIMITED_NOT" {
				t.Errorf("%s has no name here", name)
			}
		}
	}
}

// checkSources checks the package, whose constants need none of those it imports.
func checkSources(t *testing.T) (*token.FileSet, *types.Scope) {
	set := token.NewFileSet()
	var files []*ast.File
	names, err := sources.ReadDir(".")
	must(t, err)
	for _, entry := range names {
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		text, err := sources.ReadFile(entry.Name())
		must(t, err)
		file, err := parser.ParseFile(set, entry.Name(), text, 0)
		must(t, err)
		files = append(files, file)
	}
	config := types.Config{Importer: onlyUnsafe{}, Error: func(error) {}}
	checked, _ := config.Check("syncmap", set, files, nil)
	return set, checked.Scope()
}

type onlyUnsafe struct{}

func (onlyUnsafe) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	return nil, errors.New("nothing of " + path + " is needed")
}

// nameInC returns a constant's name without SYNCMAP_.
func nameInC(name string) string {
	if other, ok := renamed[name]; ok {
		name = other
	}
	name = regexp.MustCompile("^Limit([A-Z])").ReplaceAllString(name, "limited$1")
	name = regexp.MustCompile("^Event([A-Z])").ReplaceAllString(name, "record$1")
	return strings.ToUpper(regexp.MustCompile("([a-z])([A-Z])").ReplaceAllString(name, "${1}_$2"))
}

// define adds what a header defines, commands as CMD_. What is made of other names
// is left out.
func define(t *testing.T, defined map[string]constant.Value, inTree string) {
	line := regexp.MustCompile(`(?m)^(?:#define |\t)SYNCMAP_(\w+)[ \t=]+([^\t\n]+)`)
	command := regexp.MustCompile(`_IO(W|WR)\(SYNCMAP_IOC_TYPE, (\w+), struct syncmap_(\w+)\)`)
	direction := map[string]int{"W": 1, "WR": 3}
	toGo := strings.NewReplacer("ULL", "", "(~(__u64)0)", "^uint64(0)", ",", "")
	for _, row := range line.FindAllStringSubmatch(header(t, inTree), -1) {
		name, value := row[1], toGo.Replace(row[2])
		if m := command.FindStringSubmatch(row[2]); m != nil && abiStructs[m[3]] != nil {
			name = "CMD_" + name
			value = fmt.Sprintf("%d<<30 | %d<<16 | 0xd7<<8 | %s", direction[m[1]],
				reflect.TypeOf(abiStructs[m[3]]).Size(), m[2])
		}
		if v, err := types.Eval(token.NewFileSet(), nil, token.NoPos, value); err == nil {
			defined[name] = v.Value
		}
	}
}
