import { buildCommand } from '@stricli/core'
import type { CheckFlags } from '../check/check.ts'
import { runCommand } from '../run-command.ts'

const optionalText = { kind: 'parsed', parse: String, optional: true } as const
const couldNotCheck = 2

/** Judges manifests as the server would, and checks what admission does not look at. */
export const checkCommand = buildCommand({
  func: (flags: CheckFlags, ...paths: string[]) =>
    runCommand(async () => {
      const { check } = await import('../check/check.ts')
      const stop = new AbortController()
      process.once('SIGINT', () => stop.abort(new Error('interrupted')))
      const { stdin, stdout } = process
      const print = (text: string) => stdout.write(`${text}\n`)
      const color = stdout.isTTY === true && stdout.hasColors()
      return await check(flags, paths, { stdin, color, now: Date.now(), print }, stop.signal)
    }, couldNotCheck),
  parameters: {
    flags: {
      output: {
        kind: 'enum',
        values: ['text', 'json', 'sarif', 'junit', 'github'],
        optional: true,
        brief: 'How findings are printed (default: text)',
      },
      namespace: { ...optionalText, brief: 'The namespace of objects that name none (default: default)', placeholder: 'NAMESPACE' },
      profile: {
        kind: 'enum',
        values: ['secure', 'upstream'],
        optional: true,
        brief: "upstream: judge by Kubernetes' own defaults (default: secure)",
      },
      config: {
        ...optionalText,
        brief: 'Rules that are off, and exceptions (default: bulkhead-check.yaml where there is one)',
        placeholder: 'FILE',
      },
      failOn: {
        kind: 'enum',
        values: ['error', 'warning', 'note'],
        optional: true,
        brief: 'The least severity that makes the exit code 1 (default: warning)',
      },
    },
    aliases: { n: 'namespace', o: 'output' },
    positional: {
      kind: 'array',
      parameter: { brief: 'Files, folders, folders with a kustomization; - for the standard input', parse: String, placeholder: 'PATH' },
    },
  },
  docs: {
    brief: 'Judge manifests as the server would, before they are sent anywhere',
    fullDescription: [
      'bulkhead check deploy/                  every manifest of a folder, as a new cluster would judge them together',
      'helm template . | bulkhead check -      what another program made',
      '',
      'Exit codes: 0 clean, 1 something was found, 2 it could not be checked.',
    ].join('\n'),
  },
})
