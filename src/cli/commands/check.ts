import { homedir } from 'node:os'
import { join } from 'node:path'
import { buildCommand } from '@stricli/core'
import type { CheckFlags } from '../check/check.ts'
import { optionalText } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import { failureCode, interruptible, runCommand } from '../terminal/run-command.ts'

const command = buildCommand({
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
        brief: 'Output format (default: text)',
      },
      namespace: { ...optionalText, brief: 'Namespace of objects that name none (default: default)', placeholder: 'NAMESPACE' },
      profile: {
        kind: 'enum',
        values: ['secure', 'upstream'],
        optional: true,
        brief: "upstream: apply Kubernetes' own defaults (default: secure)",
      },
      config: {
        ...optionalText,
        brief: 'Disabled rules and exceptions (default: bulkhead-check.yaml)',
        placeholder: 'FILE',
      },
      kubeconfig: { ...optionalText, brief: 'Evaluate by dry runs in the cluster of this kubeconfig', placeholder: 'FILE' },
      context: { ...optionalText, brief: 'Evaluate by dry runs in the cluster of this context', placeholder: 'NAME' },
      featureGates: { ...optionalText, brief: 'Feature gates of the cluster, as for "bulkhead up"', placeholder: 'NAME=true,…' },
      runtimeConfig: {
        ...optionalText,
        brief: 'API versions of the cluster, as for "bulkhead up"',
        placeholder: 'GROUP/VERSION=true,…',
      },
      fix: { kind: 'boolean', optional: true, withNegated: false, brief: 'Write the suggested fixes into the files' },
      crds: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'CustomResourceDefinitions to use without checking them',
        placeholder: 'PATH',
      },
      images: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        brief: 'OCI layout or archive of an image, for image policies',
        placeholder: '[NAME=]PATH',
      },
      allowRemote: { kind: 'boolean', optional: true, withNegated: false, brief: 'Let kustomize download remote bases' },
      failOn: {
        kind: 'enum',
        values: ['error', 'warning', 'note'],
        optional: true,
        brief: 'Lowest severity that sets exit code 1 (default: warning)',
      },
    },
    aliases: { n: 'namespace', o: 'output' },
    positional: {
      kind: 'array',
      parameter: { brief: 'Files, folders, folders with a kustomization, or - for stdin', parse: String, placeholder: 'PATH' },
    },
  },
  docs: { brief: 'Check manifests as the API server would, before you send them' },
})

/** Evaluates manifests as the server would, and checks what admission does not look at. */
export const checkCommand = withHelp(command, {
  usage: '[flags] PATH…',
  examples: [
    ['bulkhead check deploy/', 'all manifests of a folder, as if applied together to a new cluster'],
    ['bulkhead check --context prod deploy/', 'as this cluster would decide; nothing is stored'],
    ['helm template . | bulkhead check -', 'what another program renders'],
    ['bulkhead check --fix deploy/', 'write the suggested fixes into the files'],
  ],
  groups: {
    Manifests: ['namespace', 'crds', 'allowRemote'],
    Rules: ['config', 'profile', 'featureGates', 'runtimeConfig', 'failOn', 'images'],
    'Running cluster': ['kubeconfig', 'context'],
    Output: ['output', 'fix'],
  },
  exitCodes: '0 nothing found, 1 something found, 2 the check could not be done',
})
