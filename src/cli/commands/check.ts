import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildCommand } from '@stricli/core'
import type { CheckFlags } from '../check/check.ts'
import { failureCode, interruptible, runCommand } from '../run-command.ts'

const optionalText = { kind: 'parsed', parse: String, optional: true } as const

/** Judges manifests as the server would, and checks what admission does not look at. */
export const checkCommand = buildCommand({
  func: (flags: CheckFlags, ...paths: string[]) =>
    runCommand(async () => {
      const { check } = await import('../check/check.ts')
      const { replaceRegularFile } = await import('../check/fix/replace-regular-file.ts')
      const { stdin, stdout } = process
      const print = (text: string) => stdout.write(`${text}\n`)
      const where = { kubeconfigVariable: process.env['KUBECONFIG'], kubeconfig: join(homedir(), '.kube', 'config') }
      const color = stdout.isTTY === true && stdout.hasColors()
      return await check(flags, paths, { stdin, color, now: Date.now(), ...where, print, write: replaceRegularFile }, interruptible())
    }, failureCode('check')),
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
      kubeconfig: { ...optionalText, brief: 'Let this cluster judge, by dry runs', placeholder: 'FILE' },
      context: { ...optionalText, brief: 'Let the cluster of this context of the kubeconfig judge', placeholder: 'NAME' },
      featureGates: { ...optionalText, brief: 'Features that the cluster has on, as for bulkhead up', placeholder: 'NAME=true,…' },
      runtimeConfig: {
        ...optionalText,
        brief: 'Group versions that the cluster serves beside the usual ones',
        placeholder: 'GROUP/VERSION=true,…',
      },
      fix: { kind: 'boolean', optional: true, withNegated: false, brief: 'Write the patches that would pass into the files' },
      crds: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'Files and folders with CustomResourceDefinitions that the manifests need and that are not checked',
        placeholder: 'PATH',
      },
      allowRemote: { kind: 'boolean', optional: true, withNegated: false, brief: 'Let kustomize fetch bases that are not on this machine' },
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
      'bulkhead check --context prod deploy/   as the cluster itself would judge it, nothing is stored',
      'helm template . | bulkhead check -      what another program made',
      '',
      'Exit codes: 0 clean, 1 something was found, 2 it could not be checked.',
    ].join('\n'),
  },
})
