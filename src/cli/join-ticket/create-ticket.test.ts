import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseTicket, ticketOfSecret } from '../../access/credentials/join-ticket.ts'
import { isSecretOf } from '../../access/credentials/secret-hash.ts'
import { secrets } from '../../client/resources.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { createNodeTicket } from './create-ticket.ts'

test('join-ticket create prints a ticket and stores only its hash', async () => {
  await using cluster = await startCluster({ controllers: false, simulatedNodes: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'ticket-'))
  try {
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, await cluster.kubeconfig())
    const tickets: string[] = []
    const notes: string[] = []
    const output = { ticket: (text: string) => tickets.push(text), note: (text: string) => notes.push(text) }
    await createNodeTicket({ node: 'edge-1', kubeconfig, server: 'https://192.0.2.1:6443' }, output)
    const [, server, ticketText, digest] =
      /^npx bulkhead join (https:\S+) --ticket (\S+) --ca-digest (sha256:[0-9a-f]{64})$/.exec(tickets[0] ?? '') ?? []
    assert.equal(server, 'https://192.0.2.1:6443')
    assert.ok(digest)
    const parsed = parseTicket(ticketText ?? '')
    assert.ok(parsed)
    const stored = await cluster.client.get(secrets, 'kube-system', `bulkhead-join-${parsed.id}`, AbortSignal.timeout(60_000))
    const ticket = ticketOfSecret({ ...stored, data: stored.data ?? null })
    assert.equal(ticket?.node, 'edge-1')
    assert.ok(ticket && isSecretOf(ticket.hash, parsed.secret))
    assert.doesNotMatch(JSON.stringify(stored), new RegExp(parsed.secret.reveal()))
    assert.match(notes.join('\n'), /becomes node "edge-1"\. The ticket lets it join once within 60 minutes/)

    await assert.rejects(createNodeTicket({ node: 'Not A Name', kubeconfig }, output), {
      name: 'UserError',
      message: /--node must be a lowercase DNS name .*, got "Not A Name"/,
    })
    await assert.rejects(createNodeTicket({ node: 'x', kubeconfig: join(folder, 'none') }, output), {
      name: 'UserError',
      message: /There is no kubeconfig/,
    })
    await assert.rejects(createNodeTicket({ node: 'x', kubeconfig }, output), {
      name: 'UserError',
      message: /^Other machines cannot reach the API server at https.*--advertise-address$/,
    })
    assert.equal(tickets.length, 1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
