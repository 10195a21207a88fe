import { buildCommand } from '@stricli/core'
import { interruptible, runCommand } from '../run-command.ts'
import type { WhyFlags } from '../why/why.ts'

const optionalText = { kind: 'parsed', parse: String, optional: true } as const

/** Explains what was refused or allowed, or would be. */
export const whyCommand = buildCommand({
  func: (flags: WhyFlags, ...words: string[]) =>
    runCommand(async () => {
      const { why } = await import('../why/why.ts')
      return await why(flags, words, text => process.stdout.write(`${text}\n`), interruptible())
    }),
  parameters: {
    flags: {
      as: { ...optionalText, brief: 'Ask for this user; needs the right to', placeholder: 'USER' },
      asGroup: { ...optionalText, variadic: true, brief: 'A group of that user; may be repeated', placeholder: 'GROUP' },
      namespace: { ...optionalText, brief: "The namespace (default: the kubeconfig's)", placeholder: 'NAMESPACE' },
      subresource: { ...optionalText, brief: 'A subresource of RESOURCE: log, exec, status …', placeholder: 'NAME' },
      file: { ...optionalText, brief: 'Try the manifests of this file without storing them', placeholder: 'FILE' },
      dataDir: { ...optionalText, brief: 'The data directory of the cluster, as given to "bulkhead up"', placeholder: 'DIR' },
      kubeconfig: {
        ...optionalText,
        brief: 'Who asks (default: the administrator of --data-dir, else KUBECONFIG, else the administrator)',
        placeholder: 'FILE',
      },
      output: { kind: 'enum', values: ['text', 'json'], optional: true, brief: 'How it is printed (default: text)' },
    },
    aliases: { n: 'namespace', f: 'file' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'An audit id, or pod/NAME, or VERB and RESOURCE[/NAME] or a path; nothing: the newest refused request',
        parse: String,
        placeholder: 'ID|pod/NAME|VERB RESOURCE[/NAME]',
      },
    },
  },
  docs: {
    brief: 'Explain why a request was refused or allowed, or would be',
    fullDescription: [
      'bulkhead why                                    the newest request of yours that was refused',
      'bulkhead why ID                                 the request whose answer had the header Audit-Id: ID',
      'bulkhead why --as USER create deployments -n NS whether USER may, by which binding, or what is missing',
      'bulkhead why pod/NAME -n NS                     which connections of the pod network policies refused, and what would allow them',
      'bulkhead why pod/NAME pod/OTHER:PORT -n NS      whether network policies let that through, by which policy, or what would',
      'bulkhead why -f FILE                            whether the manifests would be admitted, and what would pass',
      '',
      'Exit codes: 0 allowed, 2 refused, 1 no answer.',
    ].join('\n'),
  },
})
