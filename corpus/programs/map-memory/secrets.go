package mapmem

import (
	"encoding/hex"
	"runtime"
	"unsafe"
)

// scheduleLen is the length of the runtime's AES key schedule: 128, or 64 on
// 32-bit machines.
const scheduleLen = 16 * unsafe.Sizeof(uintptr(0))

// Process is what a snapshot says of the whole process.
type Process struct {
	Schema    string  `json:"schema,omitempty"`
	GoVersion string  `json:"go_version"`
	OS        string  `json:"os"`
	Arch      string  `json:"arch"`
	Secrets   Secrets `json:"secrets"`
}

// Secrets are the variables that key all hashes of a process.
type Secrets struct {
	Aeskeysched string `json:"aeskeysched"`
	Hashkey     [4]Hex `json:"hashkey"`
	UseAes      bool   `json:"use_aes"`
}

// ThisProcess reads them.
func ThisProcess() Process {
	p := Process{GoVersion: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	p.Secrets.Aeskeysched = hex.EncodeToString(aeskeysched[:])
	for i, word := range hashkey {
		p.Secrets.Hashkey[i] = Hex(word)
	}
	p.Secrets.UseAes = useAeshash
	return p
}
