import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { bare, CheckBench, pod } from './check.testing.ts'

test('check() with --fix writes the fixes into the files and changes nothing else', async () => {
  using bench = new CheckBench()
  const file = bench.write(
    'deploy/web.yaml',
    `# The web server.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}   # ours
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true

      containers:
      # One is enough.
      - name: "web"
        image: 'web:1'  # pinned
        securityContext: {privileged: true}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: untouched}
`,
  )
  const { code, text } = await bench.run(undefined, { fix: true }, file)
  assert.match(text, /^\S+: note: Deployment default\/web: --fix set runAsNonRoot: containers start only if their image has a numeric user/)
  assert.match(text, /\n2 objects in 1 file; 0 errors, 0 warnings, 1 note; 1 finding fixed$/)
  assert.equal(code, 0)
  assert.equal(
    readFileSync(file, 'utf8'),
    `# The web server.
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}   # ours
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:

      containers:
      # One is enough.
      - name: "web"
        image: 'web:1'  # pinned
        securityContext:
          allowPrivilegeEscalation: false
          capabilities:
            drop:
              - ALL
      securityContext:
        runAsNonRoot: true
        seccompProfile:
          type: RuntimeDefault
---
apiVersion: v1
kind: ConfigMap
metadata: {name: untouched}
`,
  )
})

test('check() with --fix does not fix what an exception covers or what it cannot write', async () => {
  using bench = new CheckBench()
  const file = bench.write('pod.yaml', pod('bad', bare))
  const config = bench.write(
    'exceptions.yaml',
    'apiVersion: check.bulkhead.dev/v1alpha1\nkind: CheckConfiguration\nexceptions:\n  - { rule: PodSecurity, owner: ann, reason: legacy, expires: 2026-12-31 }\ndisable: [token-automount]\n',
  )
  await bench.run(undefined, { fix: true, config }, file)
  assert.equal(readFileSync(file, 'utf8'), pod('bad', bare))
  assert.match((await bench.run(pod('bad', bare), { fix: true })).text, /would pass with/)
})
