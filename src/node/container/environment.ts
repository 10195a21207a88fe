// The environment of a container: services, envFrom, env with expansion and references, with upstream's order and errors.
import type { ConfigMap, Container, EnvVar, EphemeralContainer, Pod, Secret, Service } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import { expand } from './expand.ts'
import { type NodeAllocatable, type PodAddresses, podField, resourceField } from './field-values.ts'
import { serviceVariables } from './service-environment.ts'

/** Objects that a pod refers to. Resolves with undefined if the object does not exist; rejects if the API does not answer. */
export interface ObjectSource {
  configMap(namespace: string, name: string, signal: AbortSignal): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string, signal: AbortSignal): Promise<Secret | undefined>
  /** The Services of the namespace, and `default/kubernetes`. */
  services(namespace: string): readonly Service[]
}

export interface EnvironmentInput {
  readonly pod: Pod
  readonly container: Container | EphemeralContainer
  readonly objects: ObjectSource
  readonly addresses: PodAddresses
  readonly node: NodeAllocatable
}

/** Why a container cannot be configured; shown as CreateContainerConfigError with this message. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError'
}

/** In the order in which the variables are set; later entries win. Rejects with ContainerConfigError. */
export async function buildEnvironment(input: EnvironmentInput, signal: AbortSignal): Promise<Map<string, string>> {
  const { pod, container, objects } = input
  const namespace = pod.metadata.namespace ?? ''
  const services = serviceVariables(objects.services(namespace), namespace, pod.spec.enableServiceLinks ?? true)
  const result = new Map<string, string>()
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    for (const [key, value] of await envFromValues(configMapRef, secretRef, objects, namespace, signal)) result.set(prefix + key, value)
  }
  // References see the service variables too, though these are added last and never override.
  const known = new Map([...services, ...result])
  for (const variable of container.env ?? []) {
    const value = await variableValue(variable, input, known, signal)
    if (value === undefined) continue
    result.set(variable.name, value)
    known.set(variable.name, value)
  }
  for (const [name, value] of services) if (!result.has(name)) result.set(name, value)
  return result
}

async function envFromValues(
  configMapRef: { name?: string; optional?: boolean } | undefined,
  secretRef: { name?: string; optional?: boolean } | undefined,
  objects: ObjectSource,
  namespace: string,
  signal: AbortSignal,
): Promise<[string, string][]> {
  if (configMapRef) {
    const name = configMapRef.name ?? ''
    const found = await objects.configMap(namespace, name, signal)
    if (found) return Object.entries(found.data ?? {})
    if (configMapRef.optional) return []
    throw new ContainerConfigError(`configmap ${writeJson(name)} not found`)
  }
  if (secretRef) {
    const name = secretRef.name ?? ''
    const found = await objects.secret(namespace, name, signal)
    if (found) return Object.entries(found.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
    if (secretRef.optional) return []
    throw new ContainerConfigError(`secret ${writeJson(name)} not found`)
  }
  return []
}

async function variableValue(
  variable: EnvVar,
  { pod, container, objects, addresses, node }: EnvironmentInput,
  known: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { valueFrom } = variable
  const namespace = pod.metadata.namespace ?? ''
  if (!valueFrom) return expand(variable.value ?? '', known)
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom
  try {
    if (fieldRef) return podField(pod, fieldRef, addresses)
    if (resourceFieldRef) return resourceField(pod, resourceFieldRef, container.name, node)
  } catch (cause) {
    throw new ContainerConfigError(cause instanceof Error ? cause.message : String(cause), { cause })
  }
  if (configMapKeyRef) {
    const { name = '', key, optional } = configMapKeyRef
    const found = await objects.configMap(namespace, name, signal)
    const value = found?.data?.[key]
    if (value !== undefined) return value
    if (optional) return undefined
    throw new ContainerConfigError(
      found ? `couldn't find key ${key} in ConfigMap ${namespace}/${name}` : `configmap ${writeJson(name)} not found`,
    )
  }
  if (secretKeyRef) {
    const { name = '', key, optional } = secretKeyRef
    const found = await objects.secret(namespace, name, signal)
    const value = found?.data?.[key]
    if (value !== undefined) return Buffer.from(value, 'base64').toString()
    if (optional) return undefined
    throw new ContainerConfigError(
      found ? `couldn't find key ${key} in Secret ${namespace}/${name}` : `secret ${writeJson(name)} not found`,
    )
  }
  return ''
}
