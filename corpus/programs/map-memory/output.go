package mapmem

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
)

func marshal(v interface{}) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSpace(text.Bytes()), err
}

// Lines writes JSON lines to the standard output.
type Lines struct{ out *bufio.Writer }

// NewLines opens them.
func NewLines() *Lines { return &Lines{bufio.NewWriterSize(os.Stdout, 1<<16)} }

// Write adds a line.
func (l *Lines) Write(v interface{}) {
	line, err := marshal(v)
	if err != nil {
		panic(err)
	}
	l.out.Write(line)
	l.out.WriteByte('\n')
}

// Close writes what is left.
func (l *Lines) Close() { l.out.Flush() }
