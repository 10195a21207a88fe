// The CRI configuration of a pod's sandbox and containers. Pure, given its inputs.
import { sysctlName } from '../../api/pods/safe-sysctls.ts'
import type { Container, EphemeralContainer, Pod } from '../../api/types/core-v1.ts'
import { writeJson } from '../../base/write-json.ts'
import type { ContainerConfig, Device, Image, Mount, SandboxConfig } from '../cri/messages.ts'
import { containersOf, podUid } from '../pod/pod-containers.ts'
import { containerHash } from '../pod/pod-plan.ts'
import { containerResources } from '../pod/pod-resources.ts'
import { containerAnnotations, podLabels } from '../pod/pod-state.ts'
import type { Resolver } from './dns-config.ts'
import { expand } from './expand.ts'
import { podHostname } from './host-files.ts'
import { containerSecurity, groupsPolicy, namespaceOptions } from './security-context.ts'

export interface SandboxInput {
  readonly pod: Pod
  readonly attempt: number
  readonly cgroupParent: string
  readonly logDirectory: string
  readonly clusterDomain: string
  readonly resolver: Resolver
}

export function sandboxConfig({ pod, attempt, cgroupParent, logDirectory, clusterDomain, resolver }: SandboxInput): SandboxConfig {
  const { metadata, spec } = pod
  const security = spec.securityContext ?? {}
  const privileged = containersOf(pod).some(({ spec }) => spec.securityContext?.privileged === true)
  const ports = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ ports }) => ports ?? [])
  return {
    metadata: { name: metadata.name ?? '', namespace: metadata.namespace ?? '', uid: podUid(pod), attempt },
    hostname: spec.hostNetwork ? '' : podHostname(pod, clusterDomain).hostname,
    logDirectory,
    dnsConfig: { servers: [...resolver.servers], searches: [...resolver.searches], options: [...resolver.options] },
    portMappings: spec.hostNetwork
      ? []
      : ports
          .filter(({ hostPort }) => hostPort !== undefined && hostPort > 0)
          .map(({ protocol, containerPort, hostPort = 0, hostIP = '' }) => ({
            protocol: protocol === 'UDP' ? ('UDP' as const) : protocol === 'SCTP' ? ('SCTP' as const) : ('TCP' as const),
            containerPort,
            hostPort,
            hostIp: hostIP,
          })),
    labels: {
      ...metadata.labels,
      [podLabels.name]: metadata.name ?? '',
      [podLabels.namespace]: metadata.namespace ?? '',
      [podLabels.uid]: podUid(pod),
    },
    annotations: metadata.annotations ?? {},
    linux: {
      cgroupParent,
      securityContext: {
        namespaceOptions: namespaceOptions(pod),
        ...(security.runAsUser === undefined ? {} : { runAsUser: { value: security.runAsUser } }),
        ...(security.runAsUser === undefined || security.runAsGroup === undefined ? {} : { runAsGroup: { value: security.runAsGroup } }),
        readonlyRootfs: true,
        supplementalGroups: security.supplementalGroups ?? [],
        supplementalGroupsPolicy: groupsPolicy(security),
        privileged,
        seccomp: { profileType: 'RuntimeDefault' },
      },
      sysctls: Object.fromEntries((security.sysctls ?? []).map(({ name, value }) => [sysctlName(name), value])),
    },
  }
}

export interface ContainerInput {
  readonly pod: Pod
  readonly container: Container | EphemeralContainer
  readonly attempt: number
  readonly image: Image
  readonly environment: ReadonlyMap<string, string>
  readonly mounts: readonly Mount[]
  /** Default: none. */
  readonly devices?: readonly Device[]
  readonly nodeMemoryBytes: number
  /** `PodHost.unified`. */
  readonly unified: Readonly<Record<string, string>>
  readonly seccompFolder: string
  /** The container whose processes an ephemeral container shares. */
  readonly targetId?: string
}

/** Throws ContainerConfigError if the security context forbids the container. */
export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, container, attempt, image, environment, mounts } = input
  const expandAll = (values: readonly string[] | undefined) => (values ?? []).map(value => expand(value, environment))
  return {
    metadata: { name: container.name, attempt },
    // By id, so that the inspected image is the one that runs, even if its name is moved.
    image: { image: image.id, userSpecifiedImage: container.image ?? '' },
    command: expandAll(container.command),
    args: expandAll(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...environment].map(([key, value]) => ({ key, value })),
    mounts: [...mounts],
    devices: [...(input.devices ?? [])],
    labels: {
      [podLabels.name]: pod.metadata.name ?? '',
      [podLabels.namespace]: pod.metadata.namespace ?? '',
      [podLabels.uid]: podUid(pod),
      [podLabels.container]: container.name,
    },
    annotations: {
      [containerAnnotations.hash]: containerHash(container),
      [containerAnnotations.restartCount]: String(attempt),
      [containerAnnotations.terminationMessagePolicy]: container.terminationMessagePolicy ?? 'File',
      [containerAnnotations.resources]: writeJson(container.resources ?? {}),
    },
    logPath: `${container.name}/${attempt}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: { ...containerResources(pod, container, input.nodeMemoryBytes), unified: { ...input.unified } },
      securityContext: containerSecurity(pod, container, image, input.seccompFolder, input.targetId),
    },
  }
}
