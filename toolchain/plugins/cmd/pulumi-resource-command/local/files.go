package local

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// found are the files that a command leaves behind, under their paths relative to its directory.
type found struct {
	assets   map[string]*resource.Asset
	archived map[string]any
}

// rule is one glob; exclude rules (written with a leading "!") take files out that earlier rules put in.
type rule struct {
	pattern glob.Glob
	exclude bool
}

// files looks for the files of assetPaths and archivePaths in the command's directory.
func (e *Execution) files() (found, error) {
	result := found{archived: map[string]any{}}
	folder, err := os.Getwd()
	if e.Dir != nil {
		folder, err = *e.Dir, nil
	}
	if err != nil {
		return result, err
	}
	if result.assets, err = match(folder, e.AssetPaths); err != nil {
		return result, err
	}
	archived, err := match(folder, e.ArchivePaths)
	for name, asset := range archived {
		result.archived[name] = asset
	}
	return result, err
}

// match returns the files (never folders) below a folder that the rules select, in the order of the rules.
func match(folder string, patterns *[]string) (map[string]*resource.Asset, error) {
	assets := map[string]*resource.Asset{}
	if patterns == nil {
		return assets, nil
	}
	rules := make([]rule, 0, len(*patterns))
	for _, text := range *patterns {
		bare := strings.TrimPrefix(text, "!")
		pattern, err := glob.Compile(bare, '/')
		if err != nil {
			return nil, fmt.Errorf("glob %q: %w", text, err)
		}
		rules = append(rules, rule{pattern, bare != text})
	}
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !selected(rules, name) {
			return err
		}
		assets[name], err = resource.NewPathAsset(path.Join(folder, name))
		return err
	})
	return assets, err
}

// selected tells whether the last rule that matches a name puts it in.
func selected(rules []rule, name string) bool {
	in := false
	for _, r := range rules {
		if r.pattern.Match(name) {
			in = !r.exclude
		}
	}
	return in
}
