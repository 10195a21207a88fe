import { buildCommand } from '@stricli/core'
import { parseSettings, type Settings } from '../../base/config/config.ts'
import { optionalText } from '../common-flags.ts'
import { withHelp } from '../help.ts'
import { runCommand } from '../terminal/run-command.ts'

interface Flags extends Settings {
  readonly config?: string
  readonly packageKey?: string
}

const optionalNumber = { kind: 'parsed', parse: parseNumber, optional: true } as const

function parseNumber(text: string): number {
  const number = Number(text)
  if (text.trim() === '' || Number.isNaN(number)) throw new Error('must be a number')
  return number
}

const command = buildCommand({
  func: ({ config, packageKey, ...flags }: Flags) =>
    runCommand(async () => {
      const given = parseSettings('flags', Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)))
      const { up } = await import('../up/up.ts')
      await up({ ...given, ...(config === undefined ? {} : { config }), ...(packageKey === undefined ? {} : { packageKey }) })
    }),
  parameters: {
    flags: {
      dataDir: {
        ...optionalText,
        brief: 'Data directory (root: /var/lib/bulkhead, else XDG state folder)',
        placeholder: 'DIR',
      },
      port: { ...optionalNumber, brief: 'TCP port of the API server (default: 6443)', placeholder: 'PORT' },
      bindAddress: {
        ...optionalText,
        brief: 'Listen address (default: all with a real node, else 127.0.0.1)',
        placeholder: 'IP',
      },
      advertiseAddress: {
        ...optionalText,
        brief: "Address for other machines and pods (default: the machine's own)",
        placeholder: 'IP',
      },
      registry: { kind: 'boolean', brief: "Run a registry whose rights are the cluster's", optional: true, withNegated: false },
      registryPort: { ...optionalNumber, brief: 'TCP port of the registry (default: 5443)', placeholder: 'PORT' },
      controlPlaneOnly: { kind: 'boolean', brief: 'Run no node', optional: true, withNegated: false },
      apiServerOnly: {
        kind: 'boolean',
        brief: 'Run neither controllers nor a node, to look at a store',
        optional: true,
        withNegated: false,
      },
      simulatedNodes: { ...optionalNumber, brief: 'Run N simulated nodes instead of a real one', placeholder: 'N' },
      nodeName: { ...optionalText, brief: 'Name of the node (default: the host name)', placeholder: 'NAME' },
      evictionHard: {
        ...optionalText,
        brief: 'Eviction thresholds for disks, as in kubelet',
        placeholder: 'SIGNAL<N%,…',
      },
      serviceClusterIpRange: {
        ...optionalText,
        brief: 'IPv4 range of Service addresses (default: 10.96.0.0/16)',
        placeholder: 'CIDR',
      },
      maxStoredMebibytes: {
        ...optionalNumber,
        brief: 'Limit for all objects, in MiB (default: 1/4 of RAM, at most 4096)',
        placeholder: 'N',
      },
      profile: {
        kind: 'enum',
        values: ['secure', 'upstream'],
        brief: "upstream: Kubernetes' own defaults, to compare (default: secure)",
        optional: true,
      },
      allowPrivileged: {
        kind: 'boolean',
        brief: 'Privileged containers pass validation (default: yes)',
        optional: true,
      },
      acceptRestoredStore: {
        kind: 'boolean',
        brief: 'Start once with a store that was restored to an earlier state',
        optional: true,
        withNegated: false,
      },
      systemdService: {
        ...optionalText,
        brief: 'Run each part as a unit of systemd, named NAME-PART',
        placeholder: 'NAME',
      },
      backup: { ...optionalText, brief: 'Back up to the targets in this file, for its recipients', placeholder: 'FILE' },
      store: {
        kind: 'enum',
        values: ['sqlite', 'etcd'],
        brief: 'Where the objects are: the data directory, or etcd 3.5 (default: sqlite)',
        optional: true,
      },
      ha: {
        kind: 'boolean',
        brief: 'Run etcd as a part: more machines can join the control plane',
        optional: true,
        withNegated: false,
      },
      etcdPort: { ...optionalNumber, brief: 'TCP port of that etcd, whose members use the next (default: 2379)', placeholder: 'PORT' },
      etcdServers: { ...optionalText, brief: 'Members of etcd', placeholder: 'https://HOST:PORT,…' },
      etcdCa: { ...optionalText, brief: 'Certificate of the authority of etcd', placeholder: 'FILE' },
      etcdCert: { ...optionalText, brief: 'Certificate of this client of etcd', placeholder: 'FILE' },
      etcdKey: { ...optionalText, brief: 'Its private key', placeholder: 'FILE' },
      policyDir: {
        ...optionalText,
        brief: 'Folder of admission policies that the API cannot change',
        placeholder: 'DIR',
      },
      logLevel: { kind: 'enum', values: ['error', 'info', 'debug'], brief: 'Log level of all parts (default: error)', optional: true },
      enableAdmissionPlugins: {
        ...optionalText,
        brief: 'Admission plug-ins to enable in addition to the default ones',
        placeholder: 'A,B',
      },
      disableAdmissionPlugins: { ...optionalText, brief: 'Admission plug-ins to disable', placeholder: 'A,B' },
      insecureDisableAdmissionPlugins: {
        ...optionalText,
        brief: 'Security plug-ins to disable; logs a warning at each start',
        placeholder: 'A,B',
      },
      admissionConfigFile: {
        ...optionalText,
        brief: 'AdmissionConfiguration: settings of admission plug-ins',
        placeholder: 'FILE',
      },
      auditConfigFile: { ...optionalText, brief: 'Audit log: its epochs, witnesses, sinks, and readers', placeholder: 'FILE' },
      dataClassesFile: { ...optionalText, brief: 'What logs, Events and the audit log show of each data class', placeholder: 'FILE' },
      auditPolicyFile: { ...optionalText, brief: 'Audit policy: which requests are recorded, in which detail', placeholder: 'FILE' },
      enableBootstrapTokenAuth: {
        kind: 'boolean',
        brief: "Accept Kubernetes' bootstrap tokens (default: no)",
        optional: true,
      },
      authenticationTokenWebhookConfigFile: {
        ...optionalText,
        brief: 'kubeconfig of a webhook that validates bearer tokens',
        placeholder: 'FILE',
      },
      authenticationTokenWebhookVersion: {
        kind: 'enum',
        values: ['v1', 'v1beta1'],
        brief: 'TokenReview version that the webhook gets (default: v1)',
        optional: true,
      },
      authenticationTokenWebhookCacheTtl: {
        ...optionalText,
        brief: 'How long answers of the webhook are cached (default: 2m)',
        placeholder: 'DURATION',
      },
      authorizationConfigFile: {
        ...optionalText,
        brief: 'AuthorizationConfiguration: the authorizers, in their order',
        placeholder: 'FILE',
      },
      authenticationConfigFile: {
        ...optionalText,
        brief: 'AuthenticationConfiguration: OIDC issuers and claim mappings',
        placeholder: 'FILE',
      },
      featureGates: {
        ...optionalText,
        brief: 'Feature gates, as in kube-apiserver',
        placeholder: 'NAME=true,…',
      },
      runtimeConfig: {
        ...optionalText,
        brief: 'API versions to enable, as in kube-apiserver',
        placeholder: 'GROUP/VERSION=true,…',
      },
      packageKey: {
        ...optionalText,
        brief: "Public key (PEM) of the package (default: the release's)",
        placeholder: 'FILE',
      },
      config: { ...optionalText, brief: 'YAML file with these settings in camelCase; flags win', placeholder: 'FILE' },
    },
  },
  docs: { brief: 'Start a secure cluster on this machine and run it until Ctrl-C' },
})

/** Starts a cluster on this machine and runs it until Ctrl-C. */
export const upCommand = withHelp(command, {
  usage: '[flags]',
  examples: [
    ['sudo bulkhead up', 'a cluster with a real node'],
    ['bulkhead up --simulated-nodes 3', 'no containers run, root is not needed'],
    ['bulkhead up --control-plane-only', 'only the API server and controllers'],
    ['bulkhead up --config FILE', 'settings from a YAML file'],
  ],
  groups: {
    Cluster: ['dataDir', 'config', 'profile', 'logLevel', 'acceptRestoredStore', 'systemdService', 'packageKey'],
    'API server': [
      'port',
      'bindAddress',
      'advertiseAddress',
      'serviceClusterIpRange',
      'maxStoredMebibytes',
      'featureGates',
      'runtimeConfig',
    ],
    Backups: ['backup'],
    Store: ['store', 'ha', 'etcdPort', 'etcdServers', 'etcdCa', 'etcdCert', 'etcdKey'],
    Node: ['controlPlaneOnly', 'apiServerOnly', 'simulatedNodes', 'nodeName', 'evictionHard'],
    Registry: ['registry', 'registryPort'],
    'Authentication and authorization': [
      'authenticationConfigFile',
      'authorizationConfigFile',
      'authenticationTokenWebhookConfigFile',
      'authenticationTokenWebhookVersion',
      'authenticationTokenWebhookCacheTtl',
      'enableBootstrapTokenAuth',
    ],
    'Admission and audit': [
      'policyDir',
      'enableAdmissionPlugins',
      'disableAdmissionPlugins',
      'insecureDisableAdmissionPlugins',
      'admissionConfigFile',
      'allowPrivileged',
      'auditConfigFile',
      'dataClassesFile',
      'auditPolicyFile',
    ],
  },
})
