package cos

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Reply is all that the library said about a call, in JSON: code, message, request_id, data, error and
// transfer, with what the server answered as it came.
type Reply []byte

// Decode reads the reply's data, which is what was asked for, into a struct or a map.
func (r Reply) Decode(data any) error {
	return json.Unmarshal(r, &struct{ Data any }{data})
}

func (r Reply) String() string { return string(r) }

// object is an object of a reply. Some servers write numbers as strings, and flags as numbers.
type object map[string]any

// part is an object in a reply, such as its "data".
func (r Reply) part(name string) object {
	decoder := json.NewDecoder(bytes.NewReader(r))
	decoder.UseNumber()
	var whole object
	if decoder.Decode(&whole) != nil {
		return nil
	}
	return whole.object(name)
}

func (o object) object(key string) object {
	found, _ := o[key].(map[string]any)
	return found
}

// objects are those in an array.
func (o object) objects(key string) []object {
	array, _ := o[key].([]any)
	found := make([]object, 0, len(array))
	for _, element := range array {
		if inner, isObject := element.(map[string]any); isObject {
			found = append(found, inner)
		}
	}
	return found
}

func (o object) text(key string) string {
	switch value := o[key].(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	}
	return ""
}

func (o object) number(key string) int64 {
	text := o.text(key)
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		float, _ := strconv.ParseFloat(text, 64)
		number = int64(float)
	}
	return number
}

func (o object) flag(key string) bool {
	if value, isBool := o[key].(bool); isBool {
		return value
	}
	text := o.text(key)
	return text == "1" || strings.EqualFold(text, "true")
}

// time reads UNIX seconds. It is the zero time where there are none.
func (o object) time(key string) time.Time {
	if seconds := o.number(key); seconds != 0 {
		return time.Unix(seconds, 0)
	}
	return time.Time{}
}

func (o object) seconds(key string) time.Duration {
	seconds, _ := strconv.ParseFloat(o.text(key), 64)
	return time.Duration(seconds * float64(time.Second))
}

func (o object) texts(key string) map[string]string {
	inner := o.object(key)
	texts := make(map[string]string, len(inner))
	for name := range inner {
		texts[name] = inner.text(name)
	}
	return texts
}
