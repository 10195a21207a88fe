// `bulkhead why` from a user's view: kubectl is refused, and the command explains why, also after a restart of the server.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { bulkhead, noKubectl, TestCluster } from './cluster.ts'

test('why explains a refusal of kubectl, by the audit id of the answer', { skip: noKubectl }, async () => {
  await using cluster = await TestCluster.start({ flags: ['--control-plane-only'] })
  const why = (...args: string[]) => bulkhead('why', ...args, '--data-dir', cluster.dataDirectory)
  // A write: its record is on disk before its answer.
  const { stderr } = await cluster.tryKubectl(['--as', 'ann', '-n', 'kube-system', '-v=8', 'delete', 'secret', 's'])
  assert.match(stderr, /Forbidden/)
  const id = [...stderr.matchAll(/Audit-Id: (\S+)/g)].at(-1)?.[1] ?? ''

  const last = await why()
  assert.equal(last.code, 2, last.stderr)
  assert.match(last.stdout, new RegExp(id))
  assert.match(last.stdout, /REFUSED 403 Forbidden: delete secrets "s" in namespace "kube-system"/)
  assert.match(last.stdout, /acting as +ann/)

  await cluster.killPart('server')
  const found = await why(id)
  assert.equal(found.code, 2, found.stderr)
  assert.equal(found.stdout, last.stdout)
  assert.equal((await why()).code, 1)

  const [, rule = ''] = /would allow[^\n]*\n([\s\S]*)$/.exec(found.stdout) ?? []
  const indented = rule.trimEnd().replaceAll(/^ {16}/gm, '')
  const file = join(cluster.dataDirectory, 'role.yaml')
  const head = 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: { name: why, namespace: kube-system }\n'
  writeFileSync(file, `${head}rules:\n${indented}\n`)
  await cluster.kubectl('create', '-f', file)
  await cluster.kubectl('-n', 'kube-system', 'create', 'rolebinding', 'why', '--role=why', '--user=ann')
  const question = ['--as', 'ann', '-n', 'kube-system', 'delete', 'secret/s'] as const
  const allowed = await why(...question)
  assert.equal(allowed.code, 0, allowed.stdout)
  assert.match(allowed.stdout, /RBAC: allowed by RoleBinding "why\/kube-system" of Role "why" to User "ann"/)
  assert.match((await cluster.tryKubectl(['--as', 'ann', '-n', 'kube-system', 'delete', 'secret', 's'])).stderr, /NotFound/)
})
