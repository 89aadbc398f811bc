package cos

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"unicode/utf8"
)

// What a configuration has, by the names in the file; in the environment they are COS_APPID and so on.
var settingNames = []string{"appid", "secret_id", "secret_key", "region", "api", "token", "scheme",
	"hostname", "download_hostname", "ca_file", "proxy"}

const blanks = " \t\r"

// The largest file that is taken for a configuration.
const largestConfig = 65536

// FromEnv makes a client of what is configured for the command cos: in a file with lines such as
// appid = 1250000000, and in the environment, whose COS_APPID, COS_SECRET_ID, COS_SECRET_KEY, COS_REGION and
// so on win; Profile or COS_PROFILE chooses a section [NAME] of the file, and what stands in that of Profile
// wins over the environment, too. The options win over all. The file is the one that is given, $COS_CONFIG,
// $XDG_CONFIG_HOME/cos.conf or ~/.config/cos.conf, on Windows %APPDATA%\cos.conf; one that nobody named need
// not be there.
func FromEnv(file string, opts *ClientOptions) (*Client, error) {
	given := ClientOptions{}
	if opts != nil {
		given = *opts
	}
	settings, err := readSettings(file, given.Profile)
	if err != nil {
		return nil, err
	}
	for name, field := range map[string]*string{
		"api": &given.API, "token": &given.Token, "scheme": &given.Scheme, "hostname": &given.Hostname,
		"download_hostname": &given.DownloadHostname, "ca_file": &given.CAFile, "proxy": &given.Proxy,
	} {
		if *field == "" {
			*field = settings[name]
		}
	}
	return NewClient(settings["appid"], settings["secret_id"], settings["secret_key"], settings["region"],
		&given)
}

func readSettings(file, profile string) (map[string]string, error) {
	named := file
	if named == "" {
		named = os.Getenv("COS_CONFIG")
	}
	path := named
	if path == "" {
		path = defaultConfig()
	}
	text, err := readConfig(path, named != "")
	if err != nil {
		return nil, err
	}
	environment := map[string]string{}
	for _, name := range settingNames {
		if value := os.Getenv("COS_" + strings.ToUpper(name)); value != "" {
			environment[name] = value
		}
	}
	chosen := profile
	if chosen == "" {
		chosen = os.Getenv("COS_PROFILE")
	}
	above, section, err := parseConfig(path, text, chosen)
	if err != nil {
		return nil, err
	}
	layers := []map[string]string{above, section, environment}
	if profile != "" {
		// Who asks for an account must not get another.
		layers = []map[string]string{above, environment, section}
	}
	settings := map[string]string{}
	for _, layer := range layers {
		if _, isGiven := layer["secret_id"]; isGiven {
			// A token belongs to the keys that it came with.
			delete(settings, "token")
		}
		for name, value := range layer {
			settings[name] = value
		}
	}
	for _, name := range settingNames[:3] {
		if _, isGiven := settings[name]; !isGiven {
			return nil, badConfig(nil, "no %s: set COS_%s, or write %s = ... into %s", name,
				strings.ToUpper(name), name, path)
		}
	}
	return settings, nil
}

func defaultConfig() string {
	directory := os.Getenv("XDG_CONFIG_HOME")
	if runtime.GOOS == "windows" {
		if directory = os.Getenv("APPDATA"); directory == "" {
			directory = os.Getenv("USERPROFILE")
		}
	} else if directory == "" {
		directory = os.Getenv("HOME") + "/.config"
	}
	return filepath.Join(directory, "cos.conf")
}

func readConfig(path string, mustExist bool) (string, error) {
	// Opening a pipe that nobody named could make the program wait.
	if info, err := os.Stat(path); !mustExist && (err != nil || !info.Mode().IsRegular()) {
		return "", nil
	}
	opened, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) && !mustExist {
		return "", nil
	}
	if err != nil {
		return "", badConfig(err, "%v", err)
	}
	defer opened.Close()
	text, err := io.ReadAll(io.LimitReader(opened, largestConfig))
	switch {
	case err != nil:
		return "", badConfig(err, "%v", err)
	case len(text) == largestConfig:
		return "", badConfig(nil, "%s: this is too large to be a configuration", path)
	case !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0:
		return "", badConfig(nil, "%s: this is not UTF-8 text; save it as UTF-8", path)
	}
	return strings.TrimPrefix(string(text), "\ufeff"), nil
}

// parseConfig reads lines NAME = VALUE: those above the first section, and those behind [PROFILE], which win
// over them.
func parseConfig(path, text, profile string) (above, chosen map[string]string, err error) {
	above, chosen = map[string]string{}, map[string]string{}
	section, isFound := "", profile == ""
	for i, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, blanks)
		if line == "" || line[0] == '#' {
			continue
		}
		if title, isTitle := titleOf(line); isTitle {
			section = title
			isFound = isFound || section == profile
			continue
		}
		name, value, isSetting := strings.Cut(line, "=")
		name = strings.Trim(name, blanks)
		value, isWhole := unquoted(strings.Trim(value, blanks))
		if !isSetting || !isWhole || !isSettingName(name) {
			// The line is not shown: it may hold a secret.
			return nil, nil, badConfig(nil, "%s:%d: this is not NAME = VALUE with a name of a setting", path, i+1)
		}
		switch section {
		case "":
			above[name] = value
		case profile:
			chosen[name] = value
		}
	}
	if !isFound {
		return nil, nil, badConfig(nil, "%s has no section [%s]", path, profile)
	}
	return above, chosen, nil
}

// titleOf is the name of a section that begins with this line.
func titleOf(line string) (string, bool) {
	if line[0] != '[' || line[len(line)-1] != ']' {
		return "", false
	}
	title := strings.Trim(line[1:len(line)-1], blanks)
	return title, title != ""
}

// unquoted is a value without the quotes around it; false if one is not closed, or something follows it.
func unquoted(value string) (string, bool) {
	if value == "" || (value[0] != '"' && value[0] != '\'') {
		return value, true
	}
	inside, rest, isClosed := strings.Cut(value[1:], value[:1])
	return inside, isClosed && rest == ""
}

func isSettingName(name string) bool {
	for _, known := range settingNames {
		if name == known {
			return true
		}
	}
	return false
}

func badConfig(cause error, format string, values ...any) error {
	err := made(ErrParam, fmt.Sprintf(format, values...))
	err.Phase, err.cause = "argument", cause
	return err
}

// String does not show what may be secret: the token, and the password of a proxy.
func (o ClientOptions) String() string { return "cos.ClientOptions" }

// GoString does not show what may be secret.
func (o ClientOptions) GoString() string { return o.String() }

// String does not show what may be secret: the token, and the password of a proxy.
func (o ConfigOptions) String() string { return "cos.ConfigOptions" }

// GoString does not show what may be secret.
func (o ConfigOptions) GoString() string { return o.String() }
