// Merges flags and the configuration file into one frozen Config at the start. The default of every setting is the secure one.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { homedir, hostname } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { messageOf, UserError, whyUnreadable } from '../user-error.ts'
import { writeJson } from '../write-json.ts'
import { type EtcdConfig, type EtcdSettings, etcdConfigOf } from './etcd-settings.ts'
import { parseGoDuration } from './go-duration.ts'

export type Profile = 'secure' | 'upstream'
export type NodeMode = { readonly kind: 'real' } | { readonly kind: 'simulated'; readonly count: number } | { readonly kind: 'none' }

export interface Config {
  readonly dataDirectory: string
  /** TCP port of the API server. */
  readonly port: number
  /** Listen address of the API server: all addresses with a real node, because its pods connect too, else loopback. */
  readonly bindAddress: string
  /** Whether the cluster runs a registry of its own, and its TCP port. */
  readonly registry: boolean
  readonly registryPort: number
  /** The address at which other machines and pods reach the API server; undefined: the machine's own. */
  readonly advertiseAddress: string | undefined
  readonly profile: Profile
  /** False: validation refuses privileged and host-process containers, as kube-apiserver does by default. */
  readonly allowPrivileged: boolean
  /** For one start: accepts a store that was restored to an earlier state. */
  readonly acceptRestoredStore: boolean
  /** The service of systemd that this is; each part is a unit `NAME-PART.service` then. Undefined: parts are child processes. */
  readonly systemdService: string | undefined
  /** Path of the file with the recipients and targets of backups; undefined for none. */
  readonly backupFile: string | undefined
  /** Undefined if the store is in the data directory. */
  readonly etcd: EtcdConfig | undefined
  /** Whether etcd runs as a part of this cluster, so that other machines can join its control plane. */
  readonly ha: boolean
  /** TCP port of etcd for its clients, with `ha`; its members use the next one. */
  readonly etcdPort: number
  /** Folder of admission policies that the API cannot change; undefined for none. */
  readonly policyDirectory: string | undefined
  readonly node: NodeMode
  /** Runs neither controllers nor the part that asks registries: nothing changes the store but requests. */
  readonly apiServerOnly: boolean
  readonly nodeName: string
  /** Free share of a disk, 0 to 1, below which the node evicts, by signal. Missing signals keep their default; the node validates the names. */
  readonly evictionHard: Readonly<Record<string, number>>
  /** IPv4 network of the Services' addresses. */
  readonly serviceCidr: string
  /** Bytes that all objects together may take; undefined for a share of the memory. */
  readonly maxStoredBytes: number | undefined
  readonly logLevel: 'error' | 'info' | 'debug'
  /** Names of admission plug-ins; admission validates them. */
  readonly enableAdmissionPlugins: readonly string[]
  readonly disableAdmissionPlugins: readonly string[]
  readonly insecureDisableAdmissionPlugins: readonly string[]
  /** Path of an AdmissionConfiguration. */
  readonly admissionConfigFile: string | undefined
  /** Path of an audit policy. */
  readonly auditPolicyFile: string | undefined
  readonly auditConfigFile: string | undefined
  /** Path of a file that says what logs may show of each data class. */
  readonly dataClassesFile: string | undefined
  /** Path of an AuthenticationConfiguration. */
  readonly authenticationConfigFile: string | undefined
  /** Whether bootstrap tokens authenticate, expire and sign the cluster-info ConfigMap. */
  readonly bootstrapTokens: boolean
  /** Path of the kubeconfig of a token webhook, the TokenReview version that it gets, and how long its answers are cached. */
  readonly authenticationTokenWebhookConfigFile: string | undefined
  readonly authenticationTokenWebhookVersion: 'v1' | 'v1beta1'
  readonly authenticationTokenWebhookCacheMs: number
  /** Path of an AuthorizationConfiguration. */
  readonly authorizationConfigFile: string | undefined
  /** Feature gates and API versions that are switched on or off; the API validates the names. */
  readonly featureGates: Readonly<Record<string, boolean>>
  readonly runtimeConfig: Readonly<Record<string, boolean>>
}

/** Settings as flags and the configuration file hold them; undefined means not set. */
export interface Settings extends EtcdSettings {
  readonly dataDir?: string
  readonly port?: number
  readonly bindAddress?: string
  readonly registry?: boolean
  readonly registryPort?: number
  readonly advertiseAddress?: string
  readonly profile?: Profile
  readonly allowPrivileged?: boolean
  readonly acceptRestoredStore?: boolean
  readonly systemdService?: string
  readonly backup?: string
  readonly ha?: boolean
  readonly etcdPort?: number
  readonly policyDir?: string
  readonly controlPlaneOnly?: boolean
  readonly apiServerOnly?: boolean
  readonly simulatedNodes?: number
  readonly nodeName?: string
  /** `SIGNAL<10%,SIGNAL<5%`; in a file also a mapping of signals to percentages. */
  readonly evictionHard?: string | Readonly<Record<string, string>>
  readonly serviceClusterIpRange?: string
  readonly maxStoredMebibytes?: number
  readonly logLevel?: 'error' | 'info' | 'debug'
  /** Separated by commas; in a file also a list. */
  readonly enableAdmissionPlugins?: string | readonly string[]
  readonly disableAdmissionPlugins?: string | readonly string[]
  /** For plug-ins that the secure profile needs. */
  readonly insecureDisableAdmissionPlugins?: string | readonly string[]
  readonly admissionConfigFile?: string
  readonly auditPolicyFile?: string
  readonly auditConfigFile?: string
  readonly dataClassesFile?: string
  readonly authenticationConfigFile?: string
  readonly enableBootstrapTokenAuth?: boolean
  readonly authenticationTokenWebhookConfigFile?: string
  readonly authenticationTokenWebhookVersion?: 'v1' | 'v1beta1'
  readonly authenticationTokenWebhookCacheTtl?: string
  readonly authorizationConfigFile?: string
  /** `A=true,B=false`; in a file also a mapping. */
  readonly featureGates?: string | Readonly<Record<string, boolean>>
  readonly runtimeConfig?: string | Readonly<Record<string, boolean>>
}

/** Facts about the machine, passed in so that the rest is pure. */
export interface Machine {
  readonly root: boolean
  readonly home: string
  readonly hostName: string
  readonly stateHome: string | undefined
}

export function thisMachine(environment: Readonly<Record<string, string | undefined>>): Machine {
  return { root: process.getuid?.() === 0, home: homedir(), hostName: hostname(), stateHome: environment['XDG_STATE_HOME'] }
}

const maxSimulatedNodes = 1000
/** The default of kubeadm. */
const defaultServiceCidr = '10.96.0.0/16'

type Check = { readonly expected: string; accepts(value: unknown): boolean }
const oneOf = (...values: readonly string[]): Check => ({
  expected: `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`,
  accepts: value => typeof value === 'string' && values.includes(value),
})
const wholeNumber = (min: number, max: number): Check => ({
  expected: `a whole number from ${min} to ${max}`,
  accepts: value => typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max,
})
const text: Check = { expected: 'a non-empty string', accepts: value => typeof value === 'string' && value !== '' }
const serviceName: Check = {
  expected: 'at most 30 lower-case letters, digits and "-", beginning with a letter',
  accepts: value => typeof value === 'string' && /^[a-z][a-z0-9-]{0,29}$/.test(value),
}
const yesOrNo: Check = { expected: 'true or false', accepts: value => typeof value === 'boolean' }
const maxNames = 100
const names: Check = {
  expected: `names separated by commas, or a list of at most ${maxNames} names`,
  accepts: value =>
    (typeof value === 'string' && value !== '') ||
    (Array.isArray(value) && value.length <= maxNames && value.every(name => typeof name === 'string' && name !== '')),
}
const switches: Check = {
  expected: `NAME=true or NAME=false, separated by commas, or a mapping of at most ${maxNames} names to true or false`,
  accepts: value => {
    if (typeof value === 'string') return value.split(',').every(part => /^\s*[^\s=]+=(true|false)\s*$/.test(part))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
    const given = Object.values(value)
    return given.length <= maxNames && given.every(on => typeof on === 'boolean')
  },
}
const percentages: Check = {
  expected: 'SIGNAL<PERCENT% separated by commas, as nodefs.available<5%, or a mapping of signals to percentages',
  accepts: value =>
    (typeof value === 'string' || (typeof value === 'object' && value !== null && !Array.isArray(value))) &&
    percentagesIn(value).every(([, percent]) => typeof percent === 'string' && /^(?:100|\d{1,2}(?:\.\d+)?)%$/.test(percent)),
}
const nodeNamePattern = /^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/

/** All settings with the values that each accepts. The flags of `bulkhead up` and the keys of its file have these names. */
export const settingChecks: Readonly<Record<keyof Settings, Check>> = {
  dataDir: text,
  port: wholeNumber(1, 65535),
  bindAddress: { expected: 'an IP address', accepts: value => typeof value === 'string' && isIP(value) !== 0 },
  registry: yesOrNo,
  registryPort: wholeNumber(1, 65535),
  advertiseAddress: { expected: 'an IP address', accepts: value => typeof value === 'string' && isIP(value) !== 0 },
  profile: oneOf('secure', 'upstream'),
  allowPrivileged: yesOrNo,
  acceptRestoredStore: yesOrNo,
  systemdService: serviceName,
  backup: text,
  store: oneOf('sqlite', 'etcd'),
  etcdServers: names,
  etcdCa: text,
  etcdCert: text,
  etcdKey: text,
  ha: yesOrNo,
  etcdPort: wholeNumber(1, 65534),
  policyDir: text,
  controlPlaneOnly: yesOrNo,
  apiServerOnly: yesOrNo,
  simulatedNodes: wholeNumber(0, maxSimulatedNodes),
  nodeName: {
    expected: 'a lowercase DNS name of at most 63 characters',
    accepts: value => typeof value === 'string' && nodeNamePattern.test(value),
  },
  evictionHard: percentages,
  serviceClusterIpRange: text,
  maxStoredMebibytes: wholeNumber(64, 2 ** 20),
  logLevel: oneOf('error', 'info', 'debug'),
  enableAdmissionPlugins: names,
  disableAdmissionPlugins: names,
  insecureDisableAdmissionPlugins: names,
  admissionConfigFile: text,
  auditPolicyFile: text,
  auditConfigFile: text,
  dataClassesFile: text,
  authenticationConfigFile: text,
  enableBootstrapTokenAuth: yesOrNo,
  authenticationTokenWebhookConfigFile: text,
  authenticationTokenWebhookVersion: oneOf('v1', 'v1beta1'),
  authenticationTokenWebhookCacheTtl: {
    expected: 'a duration such as 2m, or 0s',
    accepts: value => typeof value === 'string' && Number(parseGoDuration(value)) >= 0,
  },
  authorizationConfigFile: text,
  featureGates: switches,
  runtimeConfig: switches,
}

const flagOf = (setting: string): string => `--${setting.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`

/** Throws a UserError that names the setting, its source ("flags" or a file) and what would be accepted. */
export function parseSettings(source: string, values: Readonly<Record<string, unknown>>): Settings {
  const checks = new Map<string, Check>(Object.entries(settingChecks))
  for (const [name, value] of Object.entries(values)) {
    const check = checks.get(name)
    if (check === undefined) throw new UserError(`${source}: unknown setting "${name}", must be one of ${[...checks.keys()].join(', ')}`)
    if (check.accepts(value)) continue
    const place = source === 'flags' ? flagOf(name) : `${source}: ${name}`
    throw new UserError(`${place} must be ${check.expected}, got ${writeJson(value)}`)
  }
  return values
}

export async function readSettingsFile(path: string): Promise<Settings> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (err) {
    throw new UserError(`Cannot read the configuration file "${path}": ${whyUnreadable(err)}`, { cause: err })
  }
  if (text.trim() === '') return {}
  // Loaded only when there is a file: most starts have none, and loading takes time.
  const { load } = await import('js-yaml')
  let content: unknown
  try {
    content = load(text)
  } catch (err) {
    throw new UserError(`Cannot read the configuration file "${path}": ${messageOf(err)}`, { cause: err })
  }
  if (content === null || content === undefined) return {}
  if (typeof content !== 'object' || Array.isArray(content)) throw new UserError(`${path}: must be a mapping of settings`)
  return parseSettings(path, Object.fromEntries(Object.entries(content)))
}

/** A later source takes precedence. */
export function createConfig(machine: Machine, ...sources: readonly Settings[]): Config {
  const settings: Settings = Object.assign(
    {},
    ...sources.map(source => Object.fromEntries(Object.entries(source).filter(([, value]) => value !== undefined))),
  )
  for (const setting of ['controlPlaneOnly', 'apiServerOnly'] as const)
    if (settings[setting] === true && (settings.simulatedNodes ?? 0) > 0)
      throw new UserError(`${setting} and simulatedNodes exclude each other: set only one of them`)
  const node = nodeMode(machine, settings)
  return Object.freeze({
    dataDirectory: resolve(settings.dataDir ?? defaultDataDirectory(machine)),
    port: settings.port ?? 6443,
    bindAddress: settings.bindAddress ?? (node.kind === 'real' ? '0.0.0.0' : '127.0.0.1'),
    registry: settings.registry ?? false,
    registryPort: settings.registryPort ?? 5443,
    advertiseAddress: settings.advertiseAddress,
    profile: settings.profile ?? 'secure',
    allowPrivileged: settings.allowPrivileged ?? true,
    acceptRestoredStore: settings.acceptRestoredStore ?? false,
    systemdService: settings.systemdService,
    backupFile: settings.backup === undefined ? undefined : resolve(settings.backup),
    etcd: etcdConfigOf(settings),
    ha: haOf(settings),
    etcdPort: settings.etcdPort ?? 2379,
    policyDirectory: settings.policyDir === undefined ? undefined : resolve(settings.policyDir),
    node,
    apiServerOnly: settings.apiServerOnly ?? false,
    nodeName: settings.nodeName ?? nodeNameOf(machine.hostName),
    evictionHard: sharesIn(settings.evictionHard ?? {}),
    serviceCidr: settings.serviceClusterIpRange ?? defaultServiceCidr,
    maxStoredBytes: settings.maxStoredMebibytes && settings.maxStoredMebibytes * 2 ** 20,
    logLevel: settings.logLevel ?? 'error',
    enableAdmissionPlugins: namesIn(settings.enableAdmissionPlugins),
    disableAdmissionPlugins: namesIn(settings.disableAdmissionPlugins),
    insecureDisableAdmissionPlugins: namesIn(settings.insecureDisableAdmissionPlugins),
    admissionConfigFile: settings.admissionConfigFile,
    auditPolicyFile: settings.auditPolicyFile,
    auditConfigFile: settings.auditConfigFile,
    dataClassesFile: settings.dataClassesFile,
    authenticationConfigFile: settings.authenticationConfigFile,
    bootstrapTokens: settings.enableBootstrapTokenAuth ?? false,
    authenticationTokenWebhookConfigFile: settings.authenticationTokenWebhookConfigFile,
    authenticationTokenWebhookVersion: settings.authenticationTokenWebhookVersion ?? 'v1',
    authenticationTokenWebhookCacheMs: Number(parseGoDuration(settings.authenticationTokenWebhookCacheTtl ?? '2m')),
    authorizationConfigFile: settings.authorizationConfigFile,
    featureGates: switchesIn(settings.featureGates),
    runtimeConfig: switchesIn(settings.runtimeConfig),
  })
}

function haOf({ ha = false, store }: Settings): boolean {
  if (ha && store !== undefined)
    throw new UserError('--ha and --store exclude each other: with --ha the store is an etcd that runs as a part')
  return ha
}

function namesIn(given: string | readonly string[] | undefined): readonly string[] {
  const names = typeof given === 'string' ? given.split(',').map(name => name.trim()) : (given ?? [])
  return names.filter(name => name !== '')
}

function percentagesIn(given: string | object): [signal: string, percent: unknown][] {
  if (typeof given !== 'string') return Object.entries(given)
  return given.split(',').map(part => {
    const [signal = '', percent] = part.trim().split('<')
    return [signal, percent]
  })
}

function sharesIn(given: string | Readonly<Record<string, string>>): Readonly<Record<string, number>> {
  return Object.fromEntries(percentagesIn(given).map(([signal, percent]) => [signal, Number.parseFloat(String(percent)) / 100]))
}

/** `given` is a text that `parseSettings` accepts, or a mapping. */
export function switchesIn(given: string | Readonly<Record<string, boolean>> | undefined): Readonly<Record<string, boolean>> {
  if (typeof given !== 'string') return given ?? {}
  return Object.fromEntries(
    given.split(',').map(part => {
      const [name = '', value] = part.trim().split('=')
      return [name, value === 'true']
    }),
  )
}

export function defaultDataDirectory(machine: Machine): string {
  if (machine.root) return '/var/lib/bulkhead'
  const state = machine.stateHome !== undefined && isAbsolute(machine.stateHome) ? machine.stateHome : join(machine.home, '.local', 'state')
  return join(state, 'bulkhead')
}

function nodeMode(machine: Machine, settings: Settings): NodeMode {
  if (settings.controlPlaneOnly === true || settings.apiServerOnly === true) return { kind: 'none' }
  if (settings.simulatedNodes !== undefined)
    return settings.simulatedNodes === 0 ? { kind: 'none' } : { kind: 'simulated', count: settings.simulatedNodes }
  return machine.root ? { kind: 'real' } : { kind: 'simulated', count: 1 }
}

/** The host name as a valid Node name; in lower case, as kubeadm does. */
function nodeNameOf(hostName: string): string {
  const name = hostName
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
    .slice(0, 63)
  return nodeNamePattern.test(name) ? name : 'node'
}
