// Is compiled with tsc --strict and never run. What must be refused says so.
import { Bucket, Emulator, EmulatorError, start } from "cos-emulator";
import type { Api, Fault, LoggedRequest, StartOptions, StoredObject } from "cos-emulator";

const options: StartOptions = {
  buckets: ["photos", { name: "open", public: true, region: "gz" }], settings: { latency_ms: 1 }, port: 0,
  credentials: [{ appid: "77", secret_id: "ID", secret_key: "KEY" }], data: new URL("file:///tmp/data"),
};

export async function use(api: Api): Promise<void> {
  const emulator: Emulator = await start(options);
  const bucket: Bucket | undefined = emulator.buckets["photos"];
  await emulator.bucket.put("f", new Uint8Array(1), { "Content-Type": "text/plain" });
  const content: Buffer = await emulator.bucket.get("f");
  const [object]: StoredObject[] = await emulator.bucket.list("a/");
  const environment: NodeJS.ProcessEnv = { ...process.env, ...emulator.environment(api) };
  await emulator.inject("withhold");
  await emulator.inject("withhold", { op: "accept", times: null });
  await emulator.inject("error", { op: "put_object", code: "SlowDown", status: 503, skip: 1 });
  // @ts-expect-error An error has a code.
  await emulator.inject("error", { op: "put_object" });
  // @ts-expect-error An error has a code.
  await emulator.inject("error");
  // @ts-expect-error The code of an error is a word.
  await emulator.inject("error", { code: -71 });
  // @ts-expect-error There is no such action.
  await emulator.inject("explode");
  // @ts-expect-error There is no such option.
  await start({ bucket: "photos" });
  // @ts-expect-error An emulator is started.
  new Emulator();
  const fault: Fault | undefined = (await emulator.faults())[0];
  const all: LoggedRequest[] = await emulator.requests("put_object");
  const status: number | null | undefined = all[0]?.status;
  console.log(bucket, content, object?.size, environment, fault?.action.type, status, emulator.sdkOptions().Proxy);
  await emulator[Symbol.asyncDispose]();
  await emulator.stop().catch((error: unknown) => console.log(error instanceof EmulatorError));
}
