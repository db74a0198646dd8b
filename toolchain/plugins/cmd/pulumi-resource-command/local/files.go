package local

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/gobwas/glob"
	"github.com/pulumi/pulumi-go-provider/infer/types"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// rule is one glob; exclude rules (written with a leading "!") take files out that earlier rules put in.
type rule struct {
	pattern glob.Glob
	exclude bool
}

// collect adds the files of assetPaths and archivePaths in the command's directory to the result.
func (e *Execution) collect(result *Result) error {
	folder, err := os.Getwd()
	if e.Dir != nil {
		folder, err = *e.Dir, nil
	}
	if err != nil {
		return err
	}
	if e.AssetPaths != nil {
		files, err := match(folder, *e.AssetPaths)
		if err != nil {
			return err
		}
		assets := map[string]types.AssetOrArchive{}
		for name, asset := range files {
			assets[name] = types.AssetOrArchive{Asset: asset}
		}
		result.Assets = &assets
	}
	if e.ArchivePaths != nil {
		files, err := match(folder, *e.ArchivePaths)
		if err != nil {
			return err
		}
		members := map[string]any{}
		for name, asset := range files {
			members[name] = asset
		}
		if result.Archive, err = resource.NewAssetArchive(members); err != nil {
			return err
		}
	}
	return nil
}

// match returns the files (never folders) below a folder that the rules select, in the order of the rules.
func match(folder string, patterns []string) (map[string]*resource.Asset, error) {
	assets := map[string]*resource.Asset{}
	rules := make([]rule, 0, len(patterns))
	for _, text := range patterns {
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
