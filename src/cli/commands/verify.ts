import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildCommand } from '@stricli/core'
import { withHelp } from '../help.ts'
import { failureCode, interruptible, runCommand } from '../terminal/run-command.ts'
import type { VerifyFlags } from '../verify/verify.ts'

const optionalText = { kind: 'parsed', parse: String, optional: true } as const

const command = buildCommand({
  func: (flags: VerifyFlags, image: string) =>
    runCommand(async () => {
      const { verify } = await import('../verify/verify.ts')
      const defaultAuthFile =
        process.env['REGISTRY_AUTH_FILE'] ?? join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json')
      const print = (text: string) => void process.stdout.write(`${text}\n`)
      return await verify(flags, image, { now: Date.now(), defaultAuthFile, print }, interruptible())
    }, failureCode('verify')),
  parameters: {
    flags: {
      policy: { kind: 'parsed', parse: String, variadic: true, brief: 'File with image policies; may be repeated', placeholder: 'FILE' },
      trust: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'File with trust roots; may be repeated',
        placeholder: 'FILE',
      },
      namespace: {
        ...optionalText,
        brief: 'Namespace whose policies apply too (default: default)',
        placeholder: 'NAMESPACE',
      },
      as: { ...optionalText, brief: 'Name of the image for policies, if it is to have another', placeholder: 'NAME' },
      image: { ...optionalText, brief: 'Name, tag or digest of one of several images of a layout', placeholder: 'NAME' },
      ca: { ...optionalText, brief: "Authorities (PEM) of the registry (default: the system's)", placeholder: 'FILE' },
      authFile: { ...optionalText, brief: 'Passwords of registries, as "docker login" writes them', placeholder: 'FILE' },
      output: { kind: 'enum', values: ['text', 'json'], optional: true, brief: 'Output format (default: text)' },
    },
    aliases: { n: 'namespace', o: 'output' },
    positional: {
      kind: 'tuple',
      parameters: [{ brief: 'Image in a registry, or path of an OCI layout or archive', parse: String, placeholder: 'IMAGE' }],
    },
  },
  docs: { brief: 'Verify who signed an image, as the cluster would' },
})

/** Evaluates image policies without a cluster. */
export const verifyCommand = withHelp(command, {
  usage: '[flags] --policy FILE IMAGE',
  examples: [
    ['bulkhead verify --policy policy.yaml --trust trust.yaml registry.example.com/shop/web:1.0', 'an image in a registry'],
    ['bulkhead verify --policy policy.yaml --as registry.example.com/shop/web build/', 'an OCI layout, before it is pushed'],
  ],
  groups: { Policies: ['policy', 'trust', 'namespace', 'as'], Image: ['image', 'ca', 'authFile'], Output: ['output'] },
  exitCodes: '0 the policies allow the image, 1 they refuse it or none is for it, 2 no verdict',
})
