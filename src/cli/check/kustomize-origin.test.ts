import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import type { Finding } from './finding.ts'
import { createOrigins } from './kustomize-origin.ts'
import type { Manifest } from './manifests.ts'

function repository(t: { after(end: () => void): void }, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'origin-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

const finding: Finding = { rule: 'r', severity: 'note', message: 'm', file: 'prod', line: 90, column: 1, field: 'spec.replicas' }
const rendered = (file: string, name: string, kind = 'Deployment', replicas = 1): Manifest => ({
  ...{ at: [], value: { spec: { replicas } }, apiVersion: 'apps/v1', kind, name, namespace: undefined },
  document: { file, text: '', start: 0, line: 1, format: 'yaml', rendered: true },
})
const deployment = (name: string) => `apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: ${name} }\nspec:\n  replicas: 1\n`

test('createOrigins() finds the source line of a rendered object, with any prefix and suffix of its name', t => {
  const folder = repository(t, {
    'prod/kustomization.yaml': 'resources: [../base]\nnamePrefix: prod-\n',
    'base/kustomization.yaml': 'resources: [web.yaml]\n',
    'base/web.yaml': `# the shop\n---\n${deployment('web')}---\n${deployment('web-admin')}`,
  })
  const at = join(folder, 'prod')
  const origin = createOrigins()
  const place = ({ file, line, renderedFrom }: Finding) => [file.slice(folder.length + 1), line, renderedFrom]
  assert.deepEqual(place(origin({ ...finding, file: at }, rendered(at, 'prod-web-v2'))), ['base/web.yaml', 7, at])
  assert.deepEqual(place(origin({ ...finding, file: at }, rendered(at, 'prod-web-admin'))), ['base/web.yaml', 13, at])
  // If kustomize changed the field, the source has another value there.
  assert.deepEqual(place(origin({ ...finding, file: at }, rendered(at, 'prod-web-v2', 'Deployment', 5))), [
    'prod/kustomization.yaml',
    1,
    at,
  ])
  assert.deepEqual(place(origin({ ...finding, file: at }, rendered(at, 'prod-web', 'ConfigMap'))), ['prod/kustomization.yaml', 1, at])
})

test('createOrigins() names the kustomization if two sources fit, and does not change other findings', t => {
  const folder = repository(t, {
    Kustomization: 'resources: [a.yaml, b.yaml]\n',
    'a.yaml': deployment('web'),
    'b.yaml': deployment('web'),
  })
  const origin = createOrigins()
  assert.equal(origin(finding, rendered(folder, 'web')).file, join(folder, 'Kustomization'))
  const written = { ...rendered('a.yaml', 'web'), document: { ...rendered('a.yaml', 'web').document, rendered: false } }
  assert.equal(origin(finding, written), finding)
})
