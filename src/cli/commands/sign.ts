import { buildCommand } from '@stricli/core'
import { withHelp } from '../help.ts'
import type { SignFlags } from '../sign/sign-manifests.ts'
import { runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
  func: (flags: SignFlags) =>
    runCommand(async () => {
      const [{ signManifests }, { passphraseVariable }, { readInput }] = await Promise.all([
        import('../sign/sign-manifests.ts'),
        import('../sign/signing-key.ts'),
        import('../sign/read-input.ts'),
      ])
      await signManifests(flags, {
        passphrase: process.env[passphraseVariable],
        now: Date.now(),
        print: text => void process.stdout.write(text),
        note: text => void process.stderr.write(`bulkhead: ${text}\n`),
        readFile: readInput,
      })
    }),
  parameters: {
    flags: {
      filename: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        brief: 'File with manifests, - for stdin; may be repeated',
        placeholder: 'FILE',
      },
      key: { kind: 'parsed', parse: String, brief: 'Private key (PEM); BULKHEAD_KEY_PASSPHRASE decrypts it', placeholder: 'FILE' },
      attestation: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'Attestation about these manifests to attach; may be repeated',
        placeholder: 'FILE',
      },
      output: { kind: 'parsed', parse: String, optional: true, brief: 'File to write (default: stdout)', placeholder: 'FILE' },
    },
    aliases: { f: 'filename', o: 'output' },
  },
  docs: { brief: 'Sign manifests, for namespaces that accept signed ones alone' },
})

/** Signs rendered manifests. */
export const signCommand = withHelp(command, {
  usage: '[flags] -f FILE --key FILE',
  examples: [
    ['bulkhead sign -f web.yaml --key release.pem | kubectl apply -f -', 'sign and apply'],
    ['helm template web . | bulkhead sign -f - --key release.pem -o web.yaml', 'a chart, as it was rendered'],
  ],
})
