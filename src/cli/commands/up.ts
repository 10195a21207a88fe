import { buildCommand } from '@stricli/core'
import { parseSettings, type Settings } from '../../base/config.ts'
import { runCommand } from '../run-command.ts'

interface Flags extends Settings {
  readonly config?: string
}

const optionalText = { kind: 'parsed', parse: String, optional: true } as const
const optionalNumber = { kind: 'parsed', parse: parseNumber, optional: true } as const

function parseNumber(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number)) throw new Error('wanted is a number')
  return number
}

/** Starts a cluster on this machine and runs it until Ctrl-C. */
export const upCommand = buildCommand({
  func: ({ config, ...flags }: Flags) =>
    runCommand(async () => {
      const given = parseSettings('flags', Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)))
      const { up } = await import('../up/up.ts')
      await up({ ...given, ...(config === undefined ? {} : { config }) })
    }),
  parameters: {
    flags: {
      dataDir: {
        ...optionalText,
        brief: 'Where everything is kept (default: /var/lib/bulkhead for root, else the XDG state folder)',
        placeholder: 'DIR',
      },
      port: { ...optionalNumber, brief: 'TCP port of the API server (default: 6443)', placeholder: 'PORT' },
      bindAddress: {
        ...optionalText,
        brief: 'Address the API server listens on (default: all with a real node, else 127.0.0.1); pods reach it on any',
        placeholder: 'IP',
      },
      controlPlaneOnly: { kind: 'boolean', brief: 'Run no node', optional: true, withNegated: false },
      simulatedNodes: { ...optionalNumber, brief: 'Run this many simulated nodes instead of a real one', placeholder: 'N' },
      nodeName: { ...optionalText, brief: "The node's name (default: the host name)", placeholder: 'NAME' },
      evictionHard: {
        ...optionalText,
        brief: 'Free shares of disks below which the node evicts, as for kubelet (default: nodefs.available<10%,imagefs.available<15%,…)',
        placeholder: 'SIGNAL<N%,…',
      },
      serviceClusterIpRange: {
        ...optionalText,
        brief: "IPv4 network of the Services' addresses (default: 10.96.0.0/16)",
        placeholder: 'CIDR',
      },
      maxStoredMebibytes: {
        ...optionalNumber,
        brief: 'MiB that all objects together may take; writes beyond are refused (default: a quarter of the memory, at most 4096)',
        placeholder: 'N',
      },
      profile: {
        kind: 'enum',
        values: ['secure', 'upstream'],
        brief: "upstream: Kubernetes' own defaults, for comparison only",
        optional: true,
      },
      allowPrivileged: {
        kind: 'boolean',
        brief: 'Whether a privileged container is a valid request at all, before admission decides (default: yes)',
        optional: true,
      },
      acceptRestoredStore: {
        kind: 'boolean',
        brief: 'For this start: go on with a store that was put back to an earlier state, and lose what came after it',
        optional: true,
        withNegated: false,
      },
      policyDir: {
        ...optionalText,
        brief: 'Folder of admission policies that the API can neither change nor delete',
        placeholder: 'DIR',
      },
      logLevel: { kind: 'enum', values: ['error', 'info', 'debug'], brief: 'How much the parts log (default: error)', optional: true },
      enableAdmissionPlugins: { ...optionalText, brief: 'Admission plug-ins to switch on beside the usual ones', placeholder: 'A,B' },
      disableAdmissionPlugins: { ...optionalText, brief: 'Admission plug-ins to switch off', placeholder: 'A,B' },
      insecureDisableAdmissionPlugins: {
        ...optionalText,
        brief: 'The same for protections of the secure profile; warns at each start',
        placeholder: 'A,B',
      },
      admissionConfigFile: {
        ...optionalText,
        brief: "kube-apiserver's AdmissionConfiguration: how plug-ins are configured",
        placeholder: 'FILE',
      },
      auditPolicyFile: { ...optionalText, brief: "kube-apiserver's audit policy: how much is recorded of what", placeholder: 'FILE' },
      enableBootstrapTokenAuth: {
        kind: 'boolean',
        brief: "Whether Kubernetes' bootstrap tokens (Secrets in kube-system) authenticate (default: no)",
        optional: true,
      },
      authenticationTokenWebhookConfigFile: {
        ...optionalText,
        brief: 'kubeconfig file of a webhook that says whose bearer tokens are',
        placeholder: 'FILE',
      },
      authenticationTokenWebhookVersion: {
        kind: 'enum',
        values: ['v1', 'v1beta1'],
        brief: 'Version of the TokenReview that it is sent (default: v1)',
        optional: true,
      },
      authenticationTokenWebhookCacheTtl: { ...optionalText, brief: 'How long its answers hold (default: 2m)', placeholder: 'DURATION' },
      authorizationConfigFile: {
        ...optionalText,
        brief: "kube-apiserver's AuthorizationConfiguration: who is asked in which order, webhooks among them",
        placeholder: 'FILE',
      },
      authenticationConfigFile: {
        ...optionalText,
        brief: "kube-apiserver's AuthenticationConfiguration: issuers of JSON Web Tokens (OIDC) and whom their tokens make",
        placeholder: 'FILE',
      },
      featureGates: {
        ...optionalText,
        brief: 'Features to switch on or off, as for kube-apiserver',
        placeholder: 'NAME=true,…',
      },
      runtimeConfig: {
        ...optionalText,
        brief: 'Group versions to serve beside the usual ones, as for kube-apiserver',
        placeholder: 'GROUP/VERSION=true,…',
      },
      config: { ...optionalText, brief: 'YAML file with the same settings in camelCase; flags win', placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Start a secure cluster on this machine' },
})
