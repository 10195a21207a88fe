import { buildCommand, buildRouteMap } from '@stricli/core'
import { optionalText } from '../common-flags.ts'
import { withCommandList, withHelp } from '../help.ts'
import type { LoginFlags } from '../registry/login.ts'
import { interruptible, runCommand } from '../terminal/run-command.ts'

const loginParsed = buildCommand({
  func: (flags: LoginFlags, host: string) =>
    runCommand(async () => {
      const { login } = await import('../registry/login.ts')
      await login(host, flags, text => void process.stdout.write(`${text}\n`), interruptible())
    }),
  parameters: {
    flags: {
      kubeconfig: { ...optionalText, brief: 'Kubeconfig of the user', placeholder: 'FILE' },
      context: { ...optionalText, brief: 'Context of the kubeconfig', placeholder: 'NAME' },
      dataDir: { ...optionalText, brief: 'Data directory of a cluster on this machine', placeholder: 'DIR' },
      authfile: { ...optionalText, brief: "File to write (default: docker's config.json)", placeholder: 'FILE' },
      print: { kind: 'boolean', brief: 'Print the password instead of writing a file', optional: true, withNegated: false },
    },
    positional: { kind: 'tuple', parameters: [{ brief: 'The registry, as in image names', parse: String, placeholder: 'HOST:PORT' }] },
  },
  docs: { brief: "Log in to the cluster's registry as the user of the kubeconfig" },
})

/** The cluster's own registry. */
export const registryCommand = withCommandList(
  buildRouteMap({
    routes: {
      login: withHelp(loginParsed, {
        usage: '[flags] HOST:PORT',
        examples: [
          ['bulkhead registry login 127.0.0.1:5443', 'docker, skopeo, cosign and helm are logged in for an hour'],
          ['bulkhead registry login --print 127.0.0.1:5443', 'the password alone'],
        ],
      }),
    },
    docs: { brief: "Use the cluster's own registry" },
  }),
  [['bulkhead registry login 127.0.0.1:5443', 'log in']],
)
