import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildCommand, buildRouteMap } from '@stricli/core'
import type { AttestFlags } from '../dev/attest.ts'
import type { DevVerifyFlags } from '../dev/verify.ts'
import { withCommandList, withHelp } from '../help.ts'
import { runCommand } from '../terminal/run-command.ts'

const text = { kind: 'parsed', parse: String } as const
const folder = { brief: 'Working tree (default: the current folder)', parse: String, placeholder: 'DIR', optional: true } as const
const print = (line: string) => void process.stdout.write(`${line}\n`)

const place = () => ({
  path: process.env['PATH'] ?? '',
  npmCache: process.env['npm_config_cache'] ?? join(homedir(), '.npm'),
  print,
})

const attestParsed = buildCommand({
  func: (flags: AttestFlags, dir?: string) =>
    runCommand(async () => {
      const [{ attest }, { passphraseVariable }, { readInput }] = await Promise.all([
        import('../dev/attest.ts'),
        import('../sign/signing-key.ts'),
        import('../sign/read-input.ts'),
      ])
      await attest(flags, dir ?? '.', { ...place(), readFile: readInput, passphrase: process.env[passphraseVariable] })
    }),
  parameters: {
    flags: {
      key: { ...text, brief: 'Private key (PEM); BULKHEAD_KEY_PASSPHRASE decrypts it', placeholder: 'FILE' },
      output: { ...text, brief: 'File to write: a sigstore bundle', placeholder: 'FILE' },
      image: {
        ...text,
        variadic: true,
        optional: true,
        brief: 'Digest of an image that was made here; may be repeated',
        placeholder: 'DIGEST',
      },
      manifests: {
        ...text,
        variadic: true,
        optional: true,
        brief: 'File with manifests that were made here; may be repeated',
        placeholder: 'FILE',
      },
      summary: { kind: 'boolean', optional: true, withNegated: false, brief: 'Leave out the list of source files' },
    },
    aliases: { o: 'output' },
    positional: { kind: 'tuple', parameters: [folder] },
  },
  docs: { brief: 'Sign tool chain, sources and installed dependencies of this machine' },
})

const verifyParsed = buildCommand({
  func: (flags: DevVerifyFlags, dir?: string) =>
    runCommand(async () => {
      const [{ devVerify }, { readInput }] = await Promise.all([import('../dev/verify.ts'), import('../sign/read-input.ts')])
      return await devVerify(flags, dir ?? '.', { ...place(), readFile: readInput })
    }, 2),
  parameters: {
    flags: {
      attestation: { ...text, brief: 'What "bulkhead dev attest" wrote', placeholder: 'FILE' },
      key: { ...text, brief: 'Public key (PEM) that must have signed it', placeholder: 'FILE' },
    },
    positional: { kind: 'tuple', parameters: [folder] },
  },
  docs: { brief: 'Compare a working tree with its attestation' },
})

/** The machine on which software is made. */
export const devCommand = withCommandList(
  buildRouteMap({
    routes: {
      attest: withHelp(attestParsed, {
        usage: '[flags] --key FILE -o FILE [DIR]',
        examples: [
          ['bulkhead dev attest --key dev.pem -o attestation.json', 'the current folder'],
          ['bulkhead dev attest --key dev.pem -o attestation.json --manifests web.yaml', 'for manifests: "bulkhead sign" attaches it'],
        ],
      }),
      verify: withHelp(verifyParsed, {
        usage: '--attestation FILE --key FILE [DIR]',
        examples: [['bulkhead dev verify --attestation attestation.json --key dev.pub', 'names each changed file']],
        exitCodes: '0 as attested, 1 something is different, 2 no verdict',
      }),
    },
    docs: { brief: "Attest and verify a developer's machine" },
  }),
  [['bulkhead dev attest --key dev.pem -o attestation.json', 'sign what this machine is']],
)
