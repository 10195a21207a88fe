// `bulkhead check` from the start of its process to its end, on one manifest and on a thousand.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Values } from './load/workloads.ts'

const manifests = 1000
const kindsOfApp = 5
const rounds = 5

/** A team's typical application: five manifests that refer to each other. */
function app(index: number): string {
  const meta = `{ name: web-${index}, namespace: team-${index % 20}, labels: { app: web-${index} } }`
  return `apiVersion: apps/v1
kind: Deployment
metadata: ${meta}
spec:
  selector: { matchLabels: { app: web-${index} } }
  template:
    metadata: { labels: { app: web-${index} } }
    spec:
      serviceAccountName: web-${index}
      securityContext: { runAsNonRoot: true, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: web
          image: registry.example.com/web:${index}
          ports: [{ containerPort: 8080, name: http }]
          resources: { requests: { cpu: 10m, memory: 64Mi }, limits: { memory: 64Mi } }
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: [ALL] } }
          envFrom: [{ configMapRef: { name: web-${index} } }]
---
apiVersion: v1
kind: Service
metadata: ${meta}
spec: { selector: { app: web-${index} }, ports: [{ port: 80, targetPort: http }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: ${meta}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata: ${meta}
data: { mode: production }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: ${meta}
spec:
  tls: [{ hosts: [web-${index}.example.com], secretName: tls }]
  defaultBackend: { service: { name: web-${index}, port: { name: http } } }
`
}

/** `tree` is a folder with bin/ and dist/. */
export function checkCommand(tree: string): Values {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-check-'))
  try {
    const apps = Array.from({ length: manifests / kindsOfApp }, (_, index) => app(index))
    writeFileSync(join(directory, 'one.yaml'), apps[0]?.split('---\n')[0] ?? '')
    writeFileSync(join(directory, 'thousand.yaml'), apps.join('---\n'))
    return { 'check.one': median(tree, join(directory, 'one.yaml')), 'check.thousand': median(tree, join(directory, 'thousand.yaml')) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function median(tree: string, file: string): number {
  const seconds = Array.from({ length: rounds }, () => {
    const began = performance.now()
    const { status, stderr } = spawnSync(process.execPath, [join(tree, 'bin/bulkhead.mjs'), 'check', '--fail-on', 'error', file], {
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(`bulkhead check ended with ${status}: ${stderr}`)
    return (performance.now() - began) / 1000
  })
  return seconds.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN
}
