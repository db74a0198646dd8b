package local

import (
	"bytes"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// maxLogged is the longest piece of a line that is logged at once; a longer line is logged in several.
const maxLogged = 64 << 10

// transcript collects both streams in the order in which they came, for error messages.
type transcript struct {
	guard sync.Mutex
	text  bytes.Buffer
}

func (t *transcript) Write(chunk []byte) (int, error) {
	t.guard.Lock()
	defer t.guard.Unlock()
	return t.text.Write(chunk)
}

func (t *transcript) String() string {
	t.guard.Lock()
	defer t.guard.Unlock()
	return t.text.String()
}

// capture reads one stream of a command through a pipe of its own: unlike the pipes of os/exec, one that can be left
// while somebody still holds its other end.
type capture struct {
	reader, writer *os.File
	text           bytes.Buffer
	logged         io.WriteCloser
	done           chan struct{}
}

// newCapture starts reading. Every chunk goes to the text, to the transcript and to the log.
func newCapture(all io.Writer, logged io.WriteCloser) (*capture, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c := &capture{reader: reader, writer: writer, logged: logged, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		// Neither writing to memory nor logging fails; reading ends at the end of the stream or at the deadline.
		_, _ = io.Copy(io.MultiWriter(&c.text, all, logged), reader)
	}()
	return c, nil
}

// finish reads what is still to come, at most until the deadline, and returns the text without its last newline.
func (c *capture) finish(deadline time.Time) string {
	_ = c.writer.Close() // The command has its own copy; closing ours cannot lose data.
	if err := c.reader.SetReadDeadline(deadline); err != nil {
		c.abandon()
	}
	<-c.done
	_ = c.reader.Close()
	_ = c.logged.Close()
	return strings.TrimSuffix(c.text.String(), "\n")
}

// abandon ends reading at once.
func (c *capture) abandon() {
	_ = c.writer.Close()
	_ = c.reader.Close()
}

// lineLog hands whole lines to a logger. A line without an end never holds up the command.
type lineLog struct {
	log     func(string)
	pending []byte
}

// logLines is a lineLog, or a sink where nothing is to be logged.
func logLines(log func(string), wanted bool) io.WriteCloser {
	if !wanted {
		log = func(string) {}
	}
	return &lineLog{log: log}
}

func (l *lineLog) Write(chunk []byte) (int, error) {
	l.pending = append(l.pending, chunk...)
	for {
		end := bytes.IndexByte(l.pending, '\n')
		switch {
		case end >= 0 && end <= maxLogged:
			l.emit(end, end+1)
		case len(l.pending) > maxLogged:
			l.emit(maxLogged, maxLogged)
		default:
			return len(chunk), nil
		}
	}
}

// Close logs what is left of a last line without an end.
func (l *lineLog) Close() error {
	if len(l.pending) > 0 {
		l.emit(len(l.pending), len(l.pending))
	}
	return nil
}

// emit logs the first length bytes and forgets the first used ones.
func (l *lineLog) emit(length, used int) {
	l.log(strings.ToValidUTF8(strings.TrimSuffix(string(l.pending[:length]), "\r"), "\uFFFD"))
	l.pending = l.pending[used:]
}
