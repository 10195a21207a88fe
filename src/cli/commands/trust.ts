import { buildCommand, buildRouteMap } from '@stricli/core'
import { optionalText } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'
import type { ImportFlags } from '../trust/import.ts'

const importParsed = buildCommand({
  func: (flags: ImportFlags, ...paths: string[]) =>
    runCommand(async () => {
      const { importTrust } = await import('../trust/import.ts')
      const print = (text: string) => void process.stdout.write(`${text}\n`)
      const note = (text: string) => void process.stderr.write(`bulkhead: ${text}\n`)
      await importTrust(flags, paths, { now: Date.now(), print, note }, interruptible())
    }),
  parameters: {
    flags: {
      name: { ...optionalText, brief: 'Name of the object (default: imported)', placeholder: 'NAME' },
      root: { ...optionalText, brief: 'First trusted root.json (default: that of the folder)', placeholder: 'FILE' },
      target: { ...optionalText, brief: 'Target with the trusted root (default: trusted_root.json)', placeholder: 'NAME' },
      previous: { ...optionalText, brief: 'TrustRoot of an earlier import: older metadata is refused', placeholder: 'FILE' },
      output: { kind: 'enum', values: ['yaml', 'json'], optional: true, brief: 'Output format (default: yaml)' },
    },
    aliases: { o: 'output' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'Public key (PEM or pkcs11: URI), trusted_root.json, or folder with a TUF repository',
        parse: String,
        placeholder: 'PATH',
      },
    },
  },
  docs: { brief: 'Print a TrustRoot object from files' },
})

/** Whom image policies may trust. */
export const trustCommand = withCommandList(
  buildRouteMap({
    routes: {
      import: withHelp(importParsed, {
        usage: '[flags] PATH…',
        examples: [
          ['bulkhead trust import --name team cosign.pub', 'a public key'],
          ['bulkhead trust import "pkcs11:token=release;object=cosign"', 'the public key of a key pair in a PKCS#11 token'],
          ['bulkhead trust import --root 1.root.json mirror/', 'sigstore from a copy of its TUF repository'],
          ['bulkhead trust import --previous trust.yaml mirror/', 'the next version, and none that is older'],
        ],
        exitCodes: '0 printed, 1 a file cannot be read or must not be trusted',
      }),
    },
    docs: { brief: 'Make trust roots for image policies' },
  }),
  [['bulkhead trust import --name team cosign.pub', 'a TrustRoot with a public key']],
)
