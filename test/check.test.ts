// `bulkhead check` and `bulkhead policy` as processes: exit codes, a pipe, kubectl's kustomize, and the verdict that kubectl gets from a cluster.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { bulkhead, noKubectl, TestCluster } from './cluster.ts'

class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'bulkhead-check-'))

  write(file: string, text: string): string {
    const path = join(this.path, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true })
  }
}

const config = (name: string) => `{ apiVersion: v1, kind: ConfigMap, metadata: { name: ${name} } }\n`
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      # The server itself.
      containers:
        - name: web
          image: registry.example.com/web:1
          resources: { requests: { cpu: 10m, memory: 32Mi }, limits: { memory: 32Mi } }
`

test("check's exit code says whether something was found, or nothing could be", async () => {
  using folder = new Folder()
  assert.equal((await bulkhead('check', folder.write('fine.yaml', config('a')))).code, 0)
  const found = await bulkhead('check', folder.write('bad.yaml', config('A')))
  assert.equal(found.code, 1)
  assert.match(found.stdout, /bad\.yaml:1:\d+: error: ConfigMap default\/A: metadata\.name: .*RFC 1123/)
  const impossible = await bulkhead('check', join(folder.path, 'nothing'))
  assert.equal(impossible.code, 2)
  assert.match(impossible.stderr, /^bulkhead: Cannot read/)
  assert.equal((await bulkhead('policy', 'test', join(folder.path, 'nothing'))).code, 2)
})

test('check writes all of a long report into a pipe', async () => {
  using folder = new Folder()
  const file = folder.write('many.yaml', Array.from({ length: 5000 }, (_, index) => config(`A${index}`)).join('---\n'))
  const { stdout } = await bulkhead('check', '-o', 'json', file)
  assert.equal(JSON.parse(stdout).findings.length, 5000)
})

test('check has kubectl build a kustomization', { skip: noKubectl }, async () => {
  using folder = new Folder()
  folder.write('base/kustomization.yaml', 'resources: [web.yaml]\n')
  folder.write('base/web.yaml', deployment)
  folder.write(
    'prod/kustomization.yaml',
    'namespace: prod\nresources: [../base]\nimages: [{ name: registry.example.com/web, newTag: latest }]\n',
  )
  const { code, stdout } = await bulkhead('check', '--fail-on', 'error', join(folder.path, 'prod'))
  assert.equal(code, 1)
  // The tag is of the kustomization, the container of its base.
  assert.match(stdout, /prod\/kustomization\.yaml:1:1: warning: Deployment prod\/web: .*web:latest" can change at any time/)
  assert.match(stdout, /base\/web\.yaml:\d+:\d+: error: Deployment prod\/web: .*\[PodSecurity\]/)
})

test('the cluster refuses the same manifests as check in the same words, and admits what --fix writes', { skip: noKubectl }, async () => {
  using folder = new Folder()
  await using cluster = await TestCluster.start({ flags: ['--control-plane-only'] })
  const file = folder.write('web.yaml', deployment)
  const { stderr } = await cluster.tryKubectl(['create', '-f', file])
  const found = JSON.parse((await bulkhead('check', '-o', 'json', file)).stdout).findings.filter(
    ({ rule }: { rule: string }) => rule === 'PodSecurity',
  )
  assert.ok(found.length > 0)
  for (const { message } of found) assert.ok(stderr.includes(message.replace(/^.*?: /, '')), message)
  const fixed = await bulkhead('check', '--fail-on', 'error', '--fix', file)
  assert.equal(fixed.code, 0, fixed.stdout)
  assert.match(readFileSync(file, 'utf8'), /# The server itself\./)
  assert.match(await cluster.kubectl('create', '-f', file), /deployment\.apps\/web created/)
  const kubeconfig = join(cluster.dataDirectory, 'admin.kubeconfig')
  assert.equal((await bulkhead('check', '--fail-on', 'error', '--kubeconfig', kubeconfig, file)).code, 0)
})
