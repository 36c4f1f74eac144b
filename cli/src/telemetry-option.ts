// `--telemetry` of the verbs that start every service.
import { InvalidArgumentError, Option } from 'commander';

export function telemetryOption(): Option {
  return new Option(
    '--telemetry <url>',
    'every process sends traces, metrics and logs to this OTLP endpoint (http/protobuf)',
  )
    .env('WEIR_TELEMETRY')
    .argParser(parseEndpoint);
}

function parseEndpoint(text: string): string {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return text;
  throw new InvalidArgumentError('It must be a URL as http://127.0.0.1:4318, without user and password.');
}
