import { buildCommand } from '@stricli/core'
import { dataDirFlag, optionalText, outputFlag } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'
import type { WhyFlags } from '../why/why.ts'

const command = buildCommand({
  func: (flags: WhyFlags, ...words: string[]) =>
    runCommand(async () => {
      const { why } = await import('../why/why.ts')
      return await why(flags, words, text => process.stdout.write(`${text}\n`), interruptible())
    }),
  parameters: {
    flags: {
      as: { ...optionalText, brief: 'Explain for this user; you need the right to impersonate', placeholder: 'USER' },
      asGroup: { ...optionalText, variadic: true, brief: 'Group of that user; may be repeated', placeholder: 'GROUP' },
      namespace: { ...optionalText, brief: 'Namespace (default: that of the kubeconfig)', placeholder: 'NAMESPACE' },
      subresource: { ...optionalText, brief: 'Subresource of RESOURCE, such as log, exec or status', placeholder: 'NAME' },
      file: { ...optionalText, brief: 'Try the manifests of this file; nothing is stored', placeholder: 'FILE' },
      dataDir: dataDirFlag,
      kubeconfig: {
        ...optionalText,
        brief: 'Credentials to use (default: of --data-dir or KUBECONFIG)',
        placeholder: 'FILE',
      },
      output: outputFlag,
    },
    aliases: { n: 'namespace', f: 'file' },
    positional: {
      kind: 'array',
      parameter: {
        brief: 'Audit id, pod/NAME, or VERB and RESOURCE[/NAME] or a path; without: your newest refused request',
        parse: String,
        placeholder: 'ID|pod/NAME|VERB RESOURCE[/NAME]',
      },
    },
  },
  docs: { brief: 'Explain why a request was refused or allowed, or would be' },
})

/** Explains what was refused or allowed, or would be. */
export const whyCommand = withHelp(command, {
  usage: '[flags] [ID | pod/NAME [TARGET] | VERB RESOURCE[/NAME]]',
  examples: [
    ['bulkhead why', 'your newest request that was refused'],
    ['bulkhead why ID', 'the request whose response had the header Audit-Id: ID'],
    ['bulkhead why --as USER create pods -n NS', 'whether USER may, by which binding, or which rule is missing'],
    ['bulkhead why pod/NAME -n NS', 'connections of the pod that network policies refused, and what would allow them'],
    ['bulkhead why pod/NAME pod/OTHER:PORT', 'whether network policies allow this connection, by which policy'],
    ['bulkhead why -f FILE', 'whether the manifests would be admitted, and what would pass'],
  ],
  groups: {
    Request: ['as', 'asGroup', 'namespace', 'subresource', 'file'],
    Cluster: ['dataDir', 'kubeconfig'],
    Output: ['output'],
  },
  exitCodes: '0 allowed, 2 refused, 1 no answer',
})
