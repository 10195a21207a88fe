// Upstream's defaults for pods and for the pod templates of every workload.

import { imageTag } from '../../image-reference.ts'
import type { ObjectMeta } from '../../object.ts'
import type {
  Container,
  EphemeralContainer,
  HTTPGetAction,
  ObjectFieldSelector,
  PersistentVolumeClaimSpec,
  Pod,
  PodSpec,
  PodStatus,
  PodTemplateSpec,
  Probe,
  ResourceFieldSelector,
  ResourceRequirements,
  Volume,
} from '../../types/core-v1.ts'
import { hasSource } from '../../validation/pod/volumes.ts'
import { roundAmounts } from '../../validation/quantities.ts'

const defaultFileMode = 0o644
const tokenSeconds = 3600

/** Defaults of a Pod itself: those of every spec, and those that templates do not get. Modifies the pod. */
export function setPodDefaults(pod: Pod): void {
  dropOldAnnotations(pod.metadata)
  pod.spec ??= { containers: [] }
  const { spec } = pod
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) requestWhatIsLimited(container)
  spec.enableServiceLinks ??= true
  if (pod.status !== undefined) joinAddresses(pod.status)
  setPodSpecDefaults(spec)
  // Upstream converts it only in pods: in a template it stays.
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) spec.terminationGracePeriodSeconds = 1
  if (spec.hostNetwork !== true) return
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const port of container.ports ?? []) if (!port.hostPort) port.hostPort = port.containerPort
  }
}

/** The single address and the list are two views of the same value; if they differ, the client knows only the single one. */
function joinAddresses(status: PodStatus): void {
  const first = status.podIPs?.[0]?.ip
  if (status.podIP && status.podIP !== first) status.podIPs = [{ ip: status.podIP }]
  else if (first && !status.podIP) status.podIP = first
}

/** Defaults of a template: `spec.template` of Deployments and the like. Modifies the template. */
export function setPodTemplateDefaults(template: PodTemplateSpec): void {
  template.spec ??= { containers: [] }
  template.metadata ??= {}
  dropOldAnnotations(template.metadata)
  setPodSpecDefaults(template.spec)
}

/** Annotations of init containers, older than the field. */
const oldAnnotations = ['init-containers', 'init-container-statuses'].flatMap(name => [
  `pod.alpha.kubernetes.io/${name}`,
  `pod.beta.kubernetes.io/${name}`,
])

/** Upstream drops them whenever it reads or writes a pod, so that old clients and nodes do not prefer them to the field. */
function dropOldAnnotations(metadata: ObjectMeta): void {
  const { annotations } = metadata
  if (annotations === undefined || !oldAnnotations.some(name => annotations[name] !== undefined)) return
  for (const name of oldAnnotations) delete annotations[name]
  if (Object.keys(annotations).length === 0) delete metadata.annotations
}

/** Defaults of any pod spec. Modifies the spec. */
export function setPodSpecDefaults(spec: PodSpec): void {
  if (!spec.dnsPolicy) spec.dnsPolicy = 'ClusterFirst'
  if (!spec.restartPolicy) spec.restartPolicy = 'Always'
  spec.securityContext ??= {}
  spec.terminationGracePeriodSeconds ??= 30
  if (!spec.schedulerName) spec.schedulerName = 'default-scheduler'
  // The two names of the service account are one field since v1.
  const account = spec.serviceAccountName || spec.serviceAccount
  if (account) {
    spec.serviceAccountName = account
    spec.serviceAccount = account
  }
  dropFieldsOfDisabledFeatures(spec)
  for (const volume of spec.volumes ?? []) setVolumeDefaults(volume)
  for (const container of spec.initContainers ?? []) setContainerDefaults(container)
  for (const container of spec.containers ?? []) setContainerDefaults(container)
  for (const container of spec.ephemeralContainers ?? []) setContainerDefaults(container)
  roundAmounts(spec.overhead)
}

/** Drops fields whose feature gate is off by default in v1.33, so that no client relies on them. */
function dropFieldsOfDisabledFeatures(spec: PodSpec): void {
  delete spec.resources
  delete spec.resourceClaims
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    if (container.resources?.claims !== undefined) delete container.resources.claims
    dropStopSignal(container)
  }
  dropImageVolumes(spec)
  for (const volume of spec.volumes ?? []) {
    for (const source of volume.projected?.sources ?? []) if (source.clusterTrustBundle !== undefined) delete source.clusterTrustBundle
  }
}

function dropStopSignal(container: Container | EphemeralContainer): void {
  if (container.lifecycle?.stopSignal === undefined) return
  delete container.lifecycle.stopSignal
  if (Object.keys(container.lifecycle).length === 0) delete container.lifecycle
}

function dropImageVolumes(spec: PodSpec): void {
  if (spec.volumes?.some(({ image }) => image !== undefined) !== true) return
  const dropped = new Set(spec.volumes.filter(({ image }) => image !== undefined).map(({ name }) => name))
  spec.volumes = spec.volumes.filter(({ image }) => image === undefined)
  if (spec.volumes.length === 0) delete spec.volumes
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]) {
    if (container.volumeMounts === undefined) continue
    container.volumeMounts = container.volumeMounts.filter(({ name }) => !dropped.has(name))
    if (container.volumeMounts.length === 0) delete container.volumeMounts
  }
}

function requestWhatIsLimited(container: Container): void {
  const limits = container.resources?.limits
  if (limits === undefined || container.resources === undefined) return
  container.resources.requests = { ...limits, ...container.resources.requests }
}

function setContainerDefaults(container: Container | EphemeralContainer): void {
  if (!container.imagePullPolicy) container.imagePullPolicy = imageTag(container.image ?? '') === 'latest' ? 'Always' : 'IfNotPresent'
  if (!container.terminationMessagePath) container.terminationMessagePath = '/dev/termination-log'
  if (!container.terminationMessagePolicy) container.terminationMessagePolicy = 'File'
  for (const port of container.ports ?? []) if (!port.protocol) port.protocol = 'TCP'
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef !== undefined) setFieldRefDefaults(valueFrom.fieldRef)
    if (valueFrom?.resourceFieldRef !== undefined) setResourceFieldRefDefaults(valueFrom.resourceFieldRef)
  }
  container.resources ??= {}
  roundRequirements(container.resources)
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = container[field]
    if (probe !== undefined) setProbeDefaults(probe)
  }
  setHttpGetDefaults(container.lifecycle?.postStart?.httpGet)
  setHttpGetDefaults(container.lifecycle?.preStop?.httpGet)
}

function roundRequirements(requirements: Pick<ResourceRequirements, 'limits' | 'requests'> | undefined): void {
  roundAmounts(requirements?.limits)
  roundAmounts(requirements?.requests)
}

function setProbeDefaults(probe: Probe): void {
  if (!probe.timeoutSeconds) probe.timeoutSeconds = 1
  if (!probe.periodSeconds) probe.periodSeconds = 10
  if (!probe.successThreshold) probe.successThreshold = 1
  if (!probe.failureThreshold) probe.failureThreshold = 3
  setHttpGetDefaults(probe.httpGet)
  if (probe.grpc !== undefined) probe.grpc.service ??= ''
}

function setHttpGetDefaults(action: HTTPGetAction | undefined): void {
  if (action === undefined) return
  if (!action.path) action.path = '/'
  if (!action.scheme) action.scheme = 'HTTP'
}

function setFieldRefDefaults(reference: ObjectFieldSelector): void {
  if (!reference.apiVersion) reference.apiVersion = 'v1'
}

function setResourceFieldRefDefaults(reference: ResourceFieldSelector): void {
  reference.divisor ??= '0'
}

function setVolumeDefaults(volume: Volume): void {
  if (!hasSource(volume)) volume.emptyDir = {}
  if (volume.hostPath !== undefined) volume.hostPath.type ??= ''
  for (const source of [volume.secret, volume.configMap, volume.downwardAPI, volume.projected]) {
    if (source !== undefined) source.defaultMode ??= defaultFileMode
  }
  for (const source of [volume, ...(volume.projected?.sources ?? [])]) {
    for (const file of source.downwardAPI?.items ?? []) {
      if (file.fieldRef !== undefined) setFieldRefDefaults(file.fieldRef)
      if (file.resourceFieldRef !== undefined) setResourceFieldRefDefaults(file.resourceFieldRef)
    }
  }
  for (const { serviceAccountToken } of volume.projected?.sources ?? []) {
    if (serviceAccountToken !== undefined) serviceAccountToken.expirationSeconds ??= tokenSeconds
  }
  const claim = volume.ephemeral?.volumeClaimTemplate
  if (claim !== undefined) {
    claim.spec ??= {}
    setClaimSpecDefaults(claim.spec)
  }
  setBackendDefaults(volume)
}

/** The common parts of pod volumes and persistent volumes. */
export function setBackendDefaults(volume: Pick<Volume, 'iscsi' | 'rbd' | 'azureDisk' | 'scaleIO'> | BackendsOfPersistentVolumes): void {
  if (volume.iscsi !== undefined && !volume.iscsi.iscsiInterface) volume.iscsi.iscsiInterface = 'default'
  const { rbd, azureDisk, scaleIO } = volume
  if (rbd !== undefined) {
    if (!rbd.pool) rbd.pool = 'rbd'
    if (!rbd.user) rbd.user = 'admin'
    if (!rbd.keyring) rbd.keyring = '/etc/ceph/keyring'
  }
  if (azureDisk !== undefined) {
    azureDisk.cachingMode ??= 'ReadWrite'
    azureDisk.kind ??= 'Shared'
    azureDisk.fsType ??= 'ext4'
    azureDisk.readOnly ??= false
  }
  if (scaleIO !== undefined) {
    if (!scaleIO.storageMode) scaleIO.storageMode = 'ThinProvisioned'
    if (!scaleIO.fsType) scaleIO.fsType = 'xfs'
  }
}

interface BackendsOfPersistentVolumes {
  iscsi?: { iscsiInterface?: string }
  rbd?: { pool?: string; user?: string; keyring?: string }
  azureDisk?: Volume['azureDisk']
  scaleIO?: { storageMode?: string; fsType?: string }
}

/** Defaults of a claim's spec, in claims and in templates of them (StatefulSets, ephemeral volumes). */
export function setClaimSpecDefaults(spec: PersistentVolumeClaimSpec): void {
  spec.volumeMode ??= 'Filesystem'
  spec.resources ??= {}
  roundRequirements(spec.resources)
}
