package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/catalog"
	"github.com/plimsoll-dev/plimsoll/catalog/atomicfile"
	"github.com/plimsoll-dev/plimsoll/catalog/importer"
	"github.com/plimsoll-dev/plimsoll/report"
)

type importOptions struct {
	out   string
	id    string
	force bool
}

// catalogImportDocument is an imported model.
type catalogImportDocument struct {
	Schema string        `json:"schema"`
	Tool   string        `json:"tool"`
	Path   string        `json:"path"`
	Model  catalog.Model `json:"model"`
}

func (a *app) catalogImportCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import PATH",
		Short: "Turn a model's own files into a catalog entry",
		Long: `Turn a model's own files into a catalog entry: a Hugging Face directory or its
config.json (with model.safetensors.index.json and hf_quant_config.json where
they lie beside it), or a GGUF file. Only headers are read.

The entry is written as TOML. Keep it in a file of your own and name that with
--catalog.`,
		Example: `  plimsoll catalog import ~/models/my-finetune --out my-models.toml
  plimsoll recommend --catalog my-models.toml`,
		Args: exactly(1, "one directory, config.json or GGUF file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.force && o.out == "":
				return usagef("--force lets --out replace a file: it means nothing without --out")
			case o.out != "" && cmd.Flags().Changed("output"):
				return usagef("--out writes TOML to a file, -o %s goes to standard output; accepted: one of them", a.global.output)
			}
			return a.importModel(args[0], o)
		},
	}
	cmd.Flags().StringVar(&o.out, "out", "", "write the entry to `FILE` instead of standard output")
	cmd.Flags().StringVar(&o.id, "id", "", "give the entry this `ID`")
	cmd.Flags().BoolVar(&o.force, "force", false, "let --out replace an existing file")
	return cmd
}

func (a *app) importModel(path string, o importOptions) error {
	m, _, err := readModel(path)
	if err != nil {
		return err
	}
	if o.id != "" {
		m.ID = o.id
	}
	var b bytes.Buffer
	if err := importer.WriteTOML(&b, *m); err != nil {
		return err
	}
	if err := a.acceptable(b.Bytes()); err != nil {
		return err
	}
	if o.out != "" {
		if err := atomicfile.Write(o.out, b.Bytes(), o.force); errors.Is(err, fs.ErrExist) {
			return usage(fmt.Errorf("--out: %w", err), "--force replaces a file that exists")
		} else if err != nil {
			return usage(fmt.Errorf("--out: %w", err))
		}
		fmt.Fprintf(a.Stderr, "plimsoll: wrote %s to %s\n", m.ID, o.out)
		return nil
	}
	if a.global.output == string(report.Plain) {
		_, err := a.Stdout.Write(b.Bytes())
		return err
	}
	return a.answer(&report.Report{
		Tables:   []report.Table{flatten(m)},
		Document: catalogImportDocument{"plimsoll.catalog_import/v1", toolName(), path, *m},
	})
}

// acceptable checks an entry as `catalog check` would, so that what import
// writes can be used.
func (a *app) acceptable(entry []byte) error {
	c, err := a.loadCatalog()
	if err != nil {
		return err
	}
	if _, err := c.Overlay("imported entry", entry); err != nil {
		return usage(fmt.Errorf("the files describe a model that the catalog cannot hold: %w", err))
	}
	return nil
}

// readModel imports a model from a path. The file is nil unless it is GGUF.
func readModel(path string) (*catalog.Model, *importer.File, error) {
	if isGGUF(path) {
		f, err := importer.GGUF(path)
		if err != nil {
			return nil, nil, usage(err)
		}
		return &f.Model, f, nil
	}
	if st, err := os.Stat(path); err != nil {
		return nil, nil, usage(err)
	} else if !st.IsDir() && !st.Mode().IsRegular() {
		return nil, nil, usagef("%s: not a regular file", path)
	} else if !st.IsDir() && !strings.EqualFold(filepath.Ext(path), ".json") {
		return nil, nil, usagef("%s: accepted are a directory with config.json, a config.json or a .gguf file", path)
	}
	checkpoint, err := importer.HF(path)
	if err != nil {
		return nil, nil, usage(err)
	}
	return &checkpoint.Model, nil, nil
}

// isGGUF goes by the name, or else by the first bytes: the stores of Ollama and
// of the Hugging Face cache name files by their hash.
func isGGUF(path string) bool {
	if strings.EqualFold(filepath.Ext(path), ".gguf") {
		return true
	}
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:]) == "GGUF"
}
