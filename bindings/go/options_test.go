package cos

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func encoded(t *testing.T, opts any) string {
	fields, err := optionsOf(opts)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOptionsAreThoseOfTheLibrary(t *testing.T) {
	for _, each := range []struct {
		opts   any
		wanted string
	}{
		{(*CallOptions)(nil), `{}`},
		{&CallOptions{}, `{}`},
		{&CallOptions{Timeout: 1500 * time.Microsecond, Retries: Ptr(0)}, `{"retries":0,"timeout_ms":2}`},
		{&ClientOptions{SignExpired: time.Minute, MaxCalls: 7}, `{"sign_expired":60}`},
		{&UploadOptions{InsertOnly: Ptr(false), Meta: map[string]string{"a": "b"}, Progress: func(_, _ int64) {}},
			`{"insert_only":false,"x-cos-meta-a":"b"}`},
		{&UpdateFileOptions{BizAttr: Ptr(""), Forbid: Ptr(0)}, `{"biz_attr":"","forbid":0}`},
		{&DownloadOptions{RangeStart: 3, RangeEnd: Ptr(int64(0))}, `{"range_end":0,"range_start":3}`},
		{&SignURLOptions{Params: map[string][]string{"a": {"1", "2"}}, Headers: map[string]string{"b": "c"}},
			`{"headers":{"b":"c"},"params":{"a":["1","2"]}}`},
	} {
		if got := encoded(t, each.opts); got != each.wanted {
			t.Errorf("%s and not %s", got, each.wanted)
		}
	}
}

func TestNumbersAndFlagsAreReadHoweverTheyAreWritten(t *testing.T) {
	reply := Reply(`{"data":{"a":"5","b":5.0,"c":9007199254740993,"d":1,"e":"true","f":null,"g":{"h":"i"},
		"j":[{"k":1},2]}}`)
	data := reply.part("data")
	if data.number("a") != 5 || data.number("b") != 5 || data.number("c") != 9007199254740993 ||
		data.number("f") != 0 || data.number("none") != 0 {
		t.Error("numbers")
	}
	if !data.flag("d") || !data.flag("e") || data.flag("f") || data.flag("a") {
		t.Error("flags")
	}
	if !reflect.DeepEqual(data.texts("g"), map[string]string{"h": "i"}) || len(data.objects("j")) != 1 {
		t.Error("objects")
	}
	for _, broken := range []string{"", "x", "[]", `{"data":[]}`, `{"data":{"infos":{}}}`} {
		if len(Reply(broken).part("data").objects("infos")) != 0 {
			t.Error(broken)
		}
	}
}
