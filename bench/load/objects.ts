// The objects of the workloads, of the sizes and shapes that the reference was measured with.

export const namespace = 'bench'

export function namespaceObject(): string {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  return JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } })
}

const content = 'key: value\n'.repeat(64)

export const configMapName = (index: number): string => `cm-${String(index).padStart(6, '0')}`

/** About 1 KB. */
export function configMap(index: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: configMapName(index), namespace, labels: { app: `a${index % 10}`, tier: 'backend' } },
    data: { 'config.yaml': content, n: String(index) },
  })
}

const container = {
  name: 'app',
  image: 'registry.example/app:v1.2.3',
  ports: [{ containerPort: 8080, name: 'http' }],
  env: [
    { name: 'A', value: '1' },
    { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
  ],
  resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
  readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
  livenessProbe: { httpGet: { path: '/live', port: 'http' } },
  volumeMounts: [
    { name: 'tmp', mountPath: '/tmp' },
    { name: 'cfg', mountPath: '/etc/app' },
  ],
}

/** A pod that `restricted` takes, with probes, volumes and limits; ten pods share a value of the label `rare`. */
export function pod(index: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `pod-${String(index).padStart(6, '0')}`,
      namespace,
      labels: { app: `a${index % 10}`, rare: `r${index % 1000}`, 'pod-template-hash': '5d8f7c9b6' },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '8080' },
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container],
      volumes: [
        { name: 'tmp', emptyDir: {} },
        { name: 'cfg', configMap: { name: 'cm-000001' } },
      ],
    },
  })
}
