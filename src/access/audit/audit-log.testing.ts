// For tests: audit logs in temporary folders, signed by a key of this process, and events for them.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { parseKey } from '../../base/tlog/note.ts'
import { checkpointSignerOf } from '../../cluster/audit-signer.ts'
import { createMemorySigner } from '../../signer/memory-signer.ts'
import type { Signer } from '../../signer/signer.ts'
import type { AuditEvent } from './audit-event.ts'
import { AuditLog, type AuditLogOptions } from './audit-log.ts'
import type { VerifyLogOptions } from './verify-log.ts'

/** Parent folder of all logs; removed at the end. */
export const parent = await mkdtemp(join(tmpdir(), 'audit-'))
after(() => rm(parent, { recursive: true }))
let count = 0
export const newDirectory = () => join(parent, String(count++))
/** One signer for each log, as each cluster has one. */
const signers = new Map<string, Signer>()
export function signerOf(directory: string): Signer {
  const signer = signers.get(directory) ?? createMemorySigner()
  signers.set(directory, signer)
  return signer
}
const never = new AbortController().signal
export const openLog = async (directory: string, more: Partial<AuditLogOptions> = {}) =>
  AuditLog.open({ directory, clock: systemClock, log: silentLogger, signer: await checkpointSignerOf(signerOf(directory), never), ...more })

/** What a verifier is given: the keys of the log, and what the signer saw last. */
export async function keysOf(directory: string): Promise<Required<Pick<VerifyLogOptions, 'rootKey' | 'logKey' | 'seen'>>> {
  const { rootKey, logKey, signed } = await signerOf(directory).auditKey(never)
  return { rootKey: parseKey(rootKey), logKey: parseKey(logKey), seen: signed === undefined ? [] : [{ by: 'the signer', ...signed }] }
}

export const event = (verb: string, name: string, more: Partial<AuditEvent> = {}): AuditEvent => ({
  level: 'Metadata',
  auditID: name,
  stage: 'ResponseComplete',
  requestURI: `/api/v1/namespaces/default/pods/${name}`,
  verb,
  user: { username: 'ann "x"\n', groups: ['dev'], extra: { 'authentication.kubernetes.io/credential-id': ['JTI=1'] } },
  sourceIPs: ['192.0.2.1'],
  userAgent: 'kubectl',
  objectRef: { resource: 'pods', namespace: 'default', name, apiVersion: 'v1' },
  responseStatus: { code: 201 },
  requestReceivedTimestamp: '2023-11-14T22:13:20.000000Z',
  stageTimestamp: '2023-11-14T22:13:20.000000Z',
  annotations: { 'authorization.k8s.io/decision': 'allow' },
  ...more,
})
export const names = (events: readonly Readonly<Record<string, unknown>>[]) => events.map(found => found['auditID'])

/** A closed log of three writes, w0, w1 and w2. */
export async function threeWrites() {
  const directory = newDirectory()
  const log = await openLog(directory)
  for (const id of ['w0', 'w1', 'w2']) await log.record(event('create', id))
  await log[Symbol.asyncDispose]()
  const path = join(directory, 'audit-00000001.log')
  return { directory, path, text: await readFile(path, 'utf8') }
}
