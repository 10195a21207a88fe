// Reads kube-apiserver's AdmissionConfiguration (apiserver.config.k8s.io/v1): the configuration of plug-ins.
import type { Toleration } from '../api/types/core-v1.ts'
import { expectKind, fail, items, type Json, mapping, positive, text } from './configuration-value.ts'
import { type ImagePolicyConfiguration, readImagePolicy } from './image-policy.ts'
import type { EventLimit, EventLimitType } from './plugins/event-rate-limit.ts'
import { type NodeSelectors, parseNodeSelector } from './plugins/pod-node-selector.ts'
import { type ClusterTolerations, isTolerations } from './plugins/pod-toleration-restriction.ts'
import { type PodSecurityConfiguration, readPodSecurity } from './pod-security/configuration.ts'
import type { LimitedResource } from './quota/check.ts'
import { shippedPolicies } from './shipped-policies/index.ts'
import { type ClientIdentities, readIdentities } from './webhook/client-identity.ts'

export interface PluginConfiguration {
  readonly limitedResources?: readonly LimitedResource[]
  readonly eventLimits?: readonly EventLimit[]
  readonly nodeSelectors?: NodeSelectors
  readonly tolerations?: ClusterTolerations
  readonly podSecurity?: PodSecurityConfiguration
  readonly imagePolicy?: ImagePolicyConfiguration
  /** The identities with which webhooks of each kind are called. */
  readonly mutatingIdentities?: ClientIdentities
  readonly validatingIdentities?: ClientIdentities
  /** Names of shipped policies that are off. */
  readonly shippedPoliciesOff?: readonly string[]
}

/** Reads the part of one plug-in. `at` is its path in the file, for messages. */
type Read = (value: Json, at: string) => PluginConfiguration

const readers: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['ResourceQuota', readQuota],
  ['EventRateLimit', readEventLimits],
  ['PodNodeSelector', readNodeSelectors],
  ['PodTolerationRestriction', readTolerations],
  ['ImagePolicyWebhook', (value, at) => ({ imagePolicy: readImagePolicy(value, at) })],
  ['MutatingAdmissionWebhook', (value, at) => ({ mutatingIdentities: readWebhookIdentities(value, at) })],
  ['ValidatingAdmissionWebhook', (value, at) => ({ validatingIdentities: readWebhookIdentities(value, at) })],
  ['ValidatingAdmissionPolicy', readShippedPolicies],
  ['PodSecurity', (value, at) => ({ podSecurity: readPodSecurity(value, at) })],
])

/** `value` is the file, in which referenced files (`path`) are already embedded as `configuration`. Throws a UserError. */
export function readAdmissionConfiguration(value: unknown): PluginConfiguration {
  const file = mapping(value, 'the file')
  expectKind(file, 'apiserver.config.k8s.io', 'AdmissionConfiguration', 'the file')
  let configuration: PluginConfiguration = {}
  const seen = new Set<string>()
  items(file['plugins'], 'plugins').forEach((item, index) => {
    const at = `plugins[${index}]`
    const plugin = mapping(item, at)
    const name = text(plugin['name'], `${at}.name`)
    const read = readers.get(name) ?? fail(`${at}.name`, `is "${name}"; configured can be ${[...readers.keys()].join(', ')}`)
    if (seen.has(name)) fail(`${at}.name`, `is "${name}" for the second time`)
    seen.add(name)
    configuration = { ...configuration, ...read(mapping(plugin['configuration'], `${at}.configuration`), `${at}.configuration`) }
  })
  return configuration
}

/** `kubeConfig` holds the content of `kubeConfigFile`. */
function readWebhookIdentities(value: Json, at: string): ClientIdentities {
  expectKind(value, ['apiserver.config.k8s.io', 'apiserver.k8s.io'], ['WebhookAdmissionConfiguration', 'WebhookAdmission'], at)
  if (value['kubeConfig'] === undefined) fail(`${at}.kubeConfigFile`, 'is missing: it names the file with users by the names of webhooks')
  return readIdentities(value['kubeConfig'], `${at}.kubeConfigFile`)
}

function readShippedPolicies(value: Json, at: string): PluginConfiguration {
  expectKind(value, 'admission.bulkhead.dev', 'ShippedPolicies', at)
  const known = shippedPolicies.map(({ name }) => name)
  return {
    shippedPoliciesOff: items(value['disabled'], `${at}.disabled`).map((item, index) => {
      const path = `${at}.disabled[${index}]`
      const name = text(item, path)
      return known.includes(name) ? name : fail(path, `is "${name}"; shipped are ${known.join(', ')}`)
    }),
  }
}

function readQuota(value: Json, at: string): PluginConfiguration {
  expectKind(value, ['apiserver.config.k8s.io', 'resourcequota.admission.k8s.io'], ['ResourceQuotaConfiguration', 'Configuration'], at)
  return {
    limitedResources: items(value['limitedResources'], `${at}.limitedResources`).map((item, index) => {
      const path = `${at}.limitedResources[${index}]`
      const limited = mapping(item, path)
      const group = limited['apiGroup'] === undefined ? '' : text(limited['apiGroup'], `${path}.apiGroup`)
      const resource = text(limited['resource'], `${path}.resource`)
      return {
        groupResource: group === '' ? resource : `${resource}.${group}`,
        matchContains: items(limited['matchContains'], `${path}.matchContains`).map(part => text(part, `${path}.matchContains`)),
        matchScopes: items(limited['matchScopes'], `${path}.matchScopes`).map((scope, at) =>
          readScope(scope, `${path}.matchScopes[${at}]`),
        ),
      }
    }),
  }
}

function readScope(value: unknown, at: string): LimitedResource['matchScopes'][number] {
  const scope = mapping(value, at)
  return {
    scopeName: text(scope['scopeName'], `${at}.scopeName`),
    operator: scope['operator'] === undefined ? 'Exists' : text(scope['operator'], `${at}.operator`),
    values: items(scope['values'], `${at}.values`).map(part => text(part, `${at}.values`)),
  }
}

const limitTypes: readonly EventLimitType[] = ['Server', 'Namespace', 'User', 'SourceAndObject']

function readEventLimits(value: Json, at: string): PluginConfiguration {
  expectKind(value, 'eventratelimit.admission.k8s.io', 'Configuration', at)
  const limits = items(value['limits'], `${at}.limits`)
  if (limits.length === 0) fail(`${at}.limits`, 'must have at least one limit')
  return {
    eventLimits: limits.map((item, index) => {
      const path = `${at}.limits[${index}]`
      const limit = mapping(item, path)
      const named = text(limit['type'], `${path}.type`)
      const type =
        limitTypes.find(known => known === named) ?? fail(`${path}.type`, `must be one of ${limitTypes.join(', ')}, got "${named}"`)
      const cacheSize = limit['cacheSize'] === undefined ? {} : { cacheSize: positive(limit['cacheSize'], `${path}.cacheSize`) }
      return { type, qps: positive(limit['qps'], `${path}.qps`), burst: positive(limit['burst'], `${path}.burst`), ...cacheSize }
    }),
  }
}

function readNodeSelectors(value: Json, at: string): PluginConfiguration {
  const path = `${at}.podNodeSelectorPluginConfig`
  const byNamespace = Object.entries(mapping(value['podNodeSelectorPluginConfig'], path)).map(([name, selector]) => {
    const shown = `${path}.${name}`
    return [name, parseNodeSelector(text(selector, shown)) ?? fail(shown, 'must be a list of labels, such as key=value,key=value')] as const
  })
  const { clusterDefaultNodeSelector = {}, ...allowed } = Object.fromEntries(byNamespace)
  return { nodeSelectors: { default: clusterDefaultNodeSelector, allowed } }
}

function readTolerations(value: Json, at: string): PluginConfiguration {
  expectKind(value, 'podtolerationrestriction.admission.k8s.io', 'Configuration', at)
  const list = (name: string): readonly Toleration[] => {
    const given = items(value[name], `${at}.${name}`)
    return isTolerations(given) ? given : fail(`${at}.${name}`, 'must be a list of tolerations')
  }
  return { tolerations: { default: list('default'), allowed: list('whitelist') } }
}
