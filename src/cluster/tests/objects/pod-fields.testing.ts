// What happens with each field of a pod: which file implements, refuses or drops it, or why it has no effect.

/**
 * `fields` are paths within a pod's spec; a final `*` stands for everything below. `C` stands for regular and init containers, `A` also for
 * ephemeral ones.
 */
export interface FieldRow {
  readonly fields: readonly string[]
  /** The file that implements the fields, and names each of them. */
  readonly by?: string
  /** The file that refuses them, and a text in it that shows this. */
  readonly refusedBy?: readonly [file: string, text: string]
  /** The file that removes them from every object, as upstream for a disabled feature gate, and a text in it. */
  readonly droppedBy?: readonly [file: string, text: string]
  /** Why it has no effect, which is also so upstream. */
  readonly without?: string
}

const under = (prefix: string, ...names: string[]): string[] => names.map(name => `${prefix}.${name}`)
const probes = ['liveness', 'readiness', 'startup'].map(name => `C[].${name}Probe`)
const hooks = ['postStart', 'preStop'].map(name => `C[].lifecycle.${name}`)
const projections = (...names: string[]): string[] =>
  ['secret', 'configMap'].flatMap(source => under(`volumes[].projected.sources[].${source}`, ...names))
const items = ['items[].key', 'items[].path', 'items[].mode', 'optional']
const downwardItems = ['volumes[].downwardAPI', 'volumes[].projected.sources[].downwardAPI'].map(source => `${source}.items[]`)
const terms = (...kinds: string[]): string[] =>
  kinds.flatMap(kind => [
    `affinity.${kind}.requiredDuringSchedulingIgnoredDuringExecution[]`,
    `affinity.${kind}.preferredDuringSchedulingIgnoredDuringExecution[].podAffinityTerm`,
  ])
const podTerms = terms('podAffinity', 'podAntiAffinity')
const ephemeralForbids = ['src/api/validation/pod/containers.ts', 'notForEphemeral'] as const
const unsupportedVolumes =
  'gcePersistentDisk awsElasticBlockStore gitRepo nfs iscsi glusterfs rbd flexVolume cinder cephfs flocker fc azureFile vsphereVolume quobyte azureDisk photonPersistentDisk portworxVolume scaleIO storageos'.split(
    ' ',
  )

export const fieldRows: readonly FieldRow[] = [
  // Volumes.
  { fields: ['volumes[].name', 'A[].volumeMounts[].name'], by: 'src/node/worker/pod-mounts.ts' },
  { fields: ['volumes[].hostPath.path', 'volumes[].hostPath.type'], by: 'src/node/volumes/host-path.ts' },
  { fields: ['volumes[].emptyDir.medium', 'volumes[].emptyDir.sizeLimit'], by: 'src/node/volumes/pod-volumes.ts' },
  { fields: ['volumes[].persistentVolumeClaim.claimName'], by: 'src/api/pods/claim-name.ts' },
  { fields: ['volumes[].persistentVolumeClaim.readOnly'], by: 'src/node/worker/pod-mounts.ts' },
  {
    fields: [
      ...under('volumes[].secret', 'secretName', 'defaultMode', ...items),
      ...under('volumes[].configMap', 'name', 'defaultMode', ...items),
      ...['volumes[].downwardAPI.defaultMode', 'volumes[].projected.defaultMode'],
      ...projections('name', ...items),
      ...downwardItems.flatMap(item => under(item, 'path', 'mode')),
      ...under('volumes[].projected.sources[].serviceAccountToken', 'audience', 'expirationSeconds', 'path'),
    ],
    by: 'src/node/volumes/volume-files.ts',
  },
  {
    fields: [...downwardItems, 'A[].env[].valueFrom'].flatMap(item =>
      under(item, 'fieldRef.fieldPath', ...under('resourceFieldRef', 'containerName', 'resource', 'divisor')),
    ),
    by: 'src/node/container/field-values.ts',
  },
  {
    fields: [...downwardItems, 'A[].env[].valueFrom'].map(item => `${item}.fieldRef.apiVersion`),
    by: 'src/api/validation/pod/field-references.ts',
  },
  {
    fields: [
      'volumes[].ephemeral.volumeClaimTemplate.spec.*',
      ...under('volumes[].ephemeral.volumeClaimTemplate.metadata', 'labels', 'annotations'),
    ],
    by: 'src/controllers/volumes/ephemeral-volume.ts',
  },
  {
    fields: ['volumes[].ephemeral.volumeClaimTemplate.metadata.*'],
    refusedBy: ['src/api/validation/claim-spec.ts', 'cannot be set'],
  },
  {
    fields: unsupportedVolumes.map(source => `volumes[].${source}.*`),
    refusedBy: ['src/node/volumes/unsupported-volume.ts', 'is not supported on this node'],
  },
  {
    fields: under('volumes[].csi', 'driver', 'readOnly', 'fsType', 'volumeAttributes', 'nodePublishSecretRef.name'),
    by: 'src/node/csi/csi-requests.ts',
  },
  { fields: ['volumes[].image.*'], droppedBy: ['src/api/resources/core/pod-defaults.ts', 'dropImageVolumes'] },
  {
    fields: ['volumes[].projected.sources[].clusterTrustBundle.*'],
    droppedBy: ['src/api/resources/core/pod-defaults.ts', 'source.clusterTrustBundle'],
  },

  // Containers.
  {
    fields: [
      'A[].name',
      'A[].command',
      'A[].args',
      'A[].image',
      'A[].workingDir',
      'A[].stdin',
      'A[].stdinOnce',
      'A[].tty',
      'A[].terminationMessagePolicy',
    ],
    by: 'src/node/container/container-config.ts',
  },
  { fields: ['A[].terminationMessagePath'], by: 'src/node/worker/pod-mounts.ts' },
  { fields: ['A[].imagePullPolicy'], by: 'src/node/images/image-puller.ts' },
  { fields: ['ephemeralContainers[].targetContainerName'], by: 'src/node/worker/container-start.ts' },
  { fields: under('C[].ports[]', 'hostPort', 'containerPort', 'protocol', 'hostIP'), by: 'src/node/container/container-config.ts' },
  { fields: ['C[].ports[].name'], by: 'src/node/probes/probe.ts' },
  {
    fields: [
      ...under('A[].envFrom[]', 'prefix', ...['configMapRef', 'secretRef'].flatMap(source => under(source, 'name', 'optional'))),
      ...under(
        'A[].env[]',
        'name',
        'value',
        ...['configMapKeyRef', 'secretKeyRef'].flatMap(source => under(`valueFrom.${source}`, 'name', 'key', 'optional')),
      ),
    ],
    by: 'src/node/container/environment.ts',
  },
  {
    fields: under('A[].volumeMounts[]', 'readOnly', 'mountPath', 'subPath', 'subPathExpr', 'mountPropagation'),
    by: 'src/node/worker/pod-mounts.ts',
  },
  {
    fields: ['A[].volumeMounts[].recursiveReadOnly'],
    refusedBy: ['src/node/worker/pod-mounts.ts', 'does not support recursive read-only mounts'],
  },
  { fields: under('A[].volumeDevices[]', 'name', 'devicePath'), by: 'src/node/worker/pod-devices.ts' },
  { fields: under('C[].resources', 'limits', 'requests'), by: 'src/node/pod/pod-resources.ts' },
  { fields: ['A[].resources.claims[].*'], droppedBy: ['src/api/resources/core/pod-defaults.ts', 'delete container.resources.claims'] },
  { fields: under('C[].resizePolicy[]', 'resourceName', 'restartPolicy'), by: 'src/node/pod/pod-resize.ts' },
  { fields: ['initContainers[].restartPolicy'], by: 'src/node/pod/pod-containers.ts' },
  { fields: ['containers[].restartPolicy'], refusedBy: ['src/api/validation/pod/containers.ts', 'may not be set for non-init containers'] },
  {
    fields: probes.flatMap(probe =>
      under(
        probe,
        ...under('exec', 'command'),
        ...under('httpGet', 'path', 'port', 'host', 'scheme', 'httpHeaders[].name', 'httpHeaders[].value'),
        ...under('tcpSocket', 'port', 'host'),
        ...under('grpc', 'port', 'service'),
      ),
    ),
    by: 'src/node/probes/probe.ts',
  },
  {
    fields: probes.flatMap(probe =>
      under(probe, 'initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold'),
    ),
    by: 'src/node/probes/prober.ts',
  },
  {
    fields: ['C[].livenessProbe.terminationGracePeriodSeconds', 'C[].startupProbe.terminationGracePeriodSeconds'],
    by: 'src/node/worker/pod-worker.ts',
  },
  {
    fields: ['C[].readinessProbe.terminationGracePeriodSeconds'],
    refusedBy: ['src/api/validation/pod/probes.ts', 'must not be set for readinessProbes'],
  },
  { fields: hooks.flatMap(hook => under(hook, 'exec.command', 'sleep.seconds')), by: 'src/node/worker/lifecycle-hook.ts' },
  {
    fields: hooks.flatMap(hook => under(`${hook}.httpGet`, 'path', 'port', 'host', 'scheme', 'httpHeaders[].name', 'httpHeaders[].value')),
    by: 'src/node/probes/probe.ts',
  },
  { fields: hooks.map(hook => `${hook}.tcpSocket.*`), refusedBy: ['src/node/worker/lifecycle-hook.ts', 'tcpSocket hooks are not run'] },
  { fields: ['C[].lifecycle.stopSignal'], droppedBy: ['src/api/resources/core/pod-defaults.ts', 'dropStopSignal'] },
  {
    fields: [
      'ports[].*',
      'resources.*',
      'resizePolicy[].*',
      'restartPolicy',
      'livenessProbe.*',
      'readinessProbe.*',
      'startupProbe.*',
      'lifecycle.*',
    ].map(name => `ephemeralContainers[].${name}`),
    refusedBy: ephemeralForbids,
  },

  // Security.
  {
    fields: [
      ...under(
        'A[].securityContext',
        'capabilities.add',
        'capabilities.drop',
        'privileged',
        'runAsUser',
        'runAsGroup',
        'runAsNonRoot',
        'readOnlyRootFilesystem',
        'allowPrivilegeEscalation',
        'procMount',
      ),
      ...['A[].securityContext', 'securityContext'].flatMap(context =>
        under(context, ...['seccompProfile', 'appArmorProfile'].flatMap(profile => under(profile, 'type', 'localhostProfile'))),
      ),
      ...under('securityContext', 'runAsUser', 'runAsGroup', 'runAsNonRoot', 'supplementalGroups', 'supplementalGroupsPolicy', 'fsGroup'),
      ...['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace'],
    ],
    by: 'src/node/container/security-context.ts',
  },
  { fields: ['securityContext.fsGroupChangePolicy'], by: 'src/node/volumes/pod-volumes.ts' },
  { fields: ['securityContext.sysctls[].name', 'securityContext.sysctls[].value'], by: 'src/node/container/container-config.ts' },
  {
    fields: ['A[].securityContext', 'securityContext'].map(context => `${context}.seLinuxOptions.*`),
    refusedBy: ['src/node/pod/pod-support.ts', 'seLinuxOptions is not supported on this node'],
  },
  {
    fields: ['securityContext.seLinuxChangePolicy'],
    without: 'volumes get no SELinux labels: where the host has SELinux, pods that ask for one are refused',
  },
  {
    fields: ['A[].securityContext', 'securityContext'].map(context => `${context}.windowsOptions.*`),
    refusedBy: ['src/api/pods/operating-system.ts', 'windowsOptions'],
  },
  { fields: ['os.name'], refusedBy: ['src/node/pod/pod-support.ts', 'PodOSNotSupported'] },
  { fields: ['hostUsers'], refusedBy: ['src/node/worker/pod-sandbox.ts', 'does not support user namespaces'] },

  // The pod as a whole.
  { fields: ['restartPolicy'], by: 'src/node/pod/pod-plan.ts' },
  { fields: ['terminationGracePeriodSeconds'], by: 'src/node/worker/container-stop.ts' },
  { fields: ['activeDeadlineSeconds'], by: 'src/node/pod/pod-status.ts' },
  {
    fields: ['dnsPolicy', ...under('dnsConfig', 'nameservers', 'searches', 'options[].name', 'options[].value')],
    by: 'src/node/container/dns-config.ts',
  },
  {
    fields: ['hostname', 'subdomain', 'setHostnameAsFQDN', 'hostAliases[].ip', 'hostAliases[].hostnames'],
    by: 'src/node/container/host-files.ts',
  },
  { fields: ['enableServiceLinks'], by: 'src/node/container/environment.ts' },
  { fields: ['imagePullSecrets[].name'], by: 'src/node/worker/container-start.ts' },
  { fields: ['readinessGates[].conditionType'], by: 'src/node/pod/pod-status.ts' },
  { fields: ['runtimeClassName'], by: 'src/node/worker/pod-sandbox.ts' },
  { fields: ['overhead'], by: 'src/node/pod/pod-resources.ts' },
  { fields: ['serviceAccountName', 'serviceAccount', 'automountServiceAccountToken'], by: 'src/admission/plugins/service-account.ts' },
  { fields: ['resources.*', 'resourceClaims[].*'], droppedBy: ['src/api/resources/core/pod-defaults.ts', 'delete spec.resourceClaims'] },

  // Placement.
  { fields: ['nodeName'], by: 'src/scheduler/plugins/node-name.ts' },
  {
    fields: [
      'nodeSelector',
      ...under('affinity.nodeAffinity', ...under('requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[]', ...selectorTerm())),
    ],
    by: 'src/client/cache/node-selection.ts',
  },
  {
    fields: under('affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[]', 'weight'),
    by: 'src/scheduler/plugins/node-affinity.ts',
  },
  {
    fields: under('affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[].preference', ...selectorTerm()),
    by: 'src/client/cache/node-selection.ts',
  },
  {
    fields: [
      ...podTerms.flatMap(term => under(term, 'labelSelector.*', 'namespaceSelector.*', 'namespaces', 'topologyKey')),
      ...['podAffinity', 'podAntiAffinity'].map(kind => `affinity.${kind}.preferredDuringSchedulingIgnoredDuringExecution[].weight`),
    ],
    by: 'src/scheduler/plugins/inter-pod-affinity.ts',
  },
  { fields: podTerms.flatMap(term => under(term, 'matchLabelKeys', 'mismatchLabelKeys')), by: 'src/api/resources/core/pod-create.ts' },
  { fields: ['schedulerName', 'schedulingGates[].name'], by: 'src/scheduler/run-scheduler.ts' },
  { fields: under('tolerations[]', 'key', 'operator', 'value', 'effect'), by: 'src/api/pods/tolerations.ts' },
  { fields: ['tolerations[].tolerationSeconds'], by: 'src/controllers/nodes/eviction-plan.ts' },
  { fields: ['priorityClassName', 'preemptionPolicy', 'priority'], by: 'src/admission/plugins/priority.ts' },
  {
    fields: under(
      'topologySpreadConstraints[]',
      'maxSkew',
      'topologyKey',
      'whenUnsatisfiable',
      'labelSelector.*',
      'minDomains',
      'nodeAffinityPolicy',
      'nodeTaintsPolicy',
      'matchLabelKeys',
    ),
    by: 'src/scheduler/plugins/pod-topology-spread.ts',
  },
]

function selectorTerm(): string[] {
  return ['matchExpressions[]', 'matchFields[]'].flatMap(list => under(list, 'key', 'operator', 'values'))
}
