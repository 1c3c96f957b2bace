// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause

//go:build !linux || !(amd64 || arm64 || riscv64 || s390x)

package syncmap

// The module is for these machines, and the structs of the ABI hold pointers of theirs.
var _ int = "syncmap needs Linux on amd64, arm64, riscv64 or s390x"
