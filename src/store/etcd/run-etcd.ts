// Runs a member of etcd as a child of its part, over mutual TLS 1.3 only.
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { untilAborted } from '../../base/async/abort.ts'
import { type Clock, pause } from '../../base/clock.ts'
import { ensureFile } from '../../base/files/replace-file.ts'
import type { Logger } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { EtcdClient, type EtcdTls } from './etcd-client.ts'
import type { StatusResponse } from './messages.ts'

export interface EtcdMemberSettings {
  readonly program: string
  /** The member's own folder. */
  readonly directory: string
  readonly name: string
  /** Where other machines reach it. */
  readonly address: string
  readonly clientPort: number
  readonly peerPort: number
  /** `name=https://host:port` of each member at its first start, separated by commas. */
  readonly initialCluster: string
  readonly initialState: 'new' | 'existing'
  /** Distinguishes clusters that are started at the same addresses. */
  readonly token: string
  /** PEM: of the authority, and of this member. */
  readonly ca: string
  readonly certificate: string
  readonly key: string
  /** With which the part asks whether the member is ready. */
  readonly client: EtcdTls
}

const pollMs = 100
const askMs = 2_000
/** As of kubeadm and etcd's own guide: objects of Kubernetes need more than etcd's default of 2 GiB. */
const quotaBytes = 8 * 2 ** 30
/** Nothing of its own environment configures etcd. */
const environment = { PATH: '/usr/bin:/bin' }

/** The arguments of etcd; `files` are paths of PEM files. */
export function etcdArguments(
  settings: EtcdMemberSettings,
  files: { readonly ca: string; readonly cert: string; readonly key: string },
): string[] {
  const { name, directory, address, clientPort, peerPort, initialCluster, initialState, token } = settings
  const host = address.includes(':') ? `[${address}]` : address
  const client = `https://${host}:${clientPort}`
  const peer = `https://${host}:${peerPort}`
  const local = address === '127.0.0.1' ? client : `${client},https://127.0.0.1:${clientPort}`
  return [
    ...['--name', name, '--data-dir', join(directory, 'data'), '--log-level', 'warn', '--logger', 'zap'],
    ...['--listen-client-urls', local, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', initialCluster, '--initial-cluster-state', initialState, '--initial-cluster-token', token],
    ...['--client-cert-auth', '--trusted-ca-file', files.ca, '--cert-file', files.cert, '--key-file', files.key],
    ...['--peer-client-cert-auth', '--peer-trusted-ca-file', files.ca, '--peer-cert-file', files.cert, '--peer-key-file', files.key],
    // The servers compact and watch the space; a member that was away must not ask for a new term when it returns.
    ...['--quota-backend-bytes', String(quotaBytes), '--pre-vote', '--strict-reconfig-check', '--auto-compaction-retention', '0'],
  ]
}

/** Calls `onReady` when the member answers as a full member. Resolves when the signal has stopped it; rejects if it ends by itself. */
export async function runEtcd(
  settings: EtcdMemberSettings,
  { clock, log, onReady }: { readonly clock: Clock; readonly log: Logger; onReady(): void },
  signal: AbortSignal,
): Promise<void> {
  const { directory } = settings
  const files = { ca: join(directory, 'ca.crt'), cert: join(directory, 'member.crt'), key: join(directory, 'member.key') }
  await ensureFile(files.ca, settings.ca, 0o600)
  await ensureFile(files.cert, settings.certificate, 0o600)
  await ensureFile(files.key, settings.key, 0o600)
  const child = spawn(settings.program, etcdArguments(settings, files), {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment,
    cwd: directory,
  })
  const ended = endOf(child, log)
  try {
    await Promise.race([untilMember(settings, clock, signal), ended])
    onReady()
    await Promise.race([ended, untilAborted(new Promise<never>(() => undefined), signal)])
  } catch (err) {
    if (!signal.aborted) throw err
  } finally {
    child.kill('SIGTERM')
    await ended.catch(() => undefined)
  }
}

function endOf(child: ChildProcess, log: Logger): Promise<never> {
  let isRemoved = false
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    // In the words of etcd 3.5.
    isRemoved ||= text.includes('permanently removed from the cluster')
    for (const line of text.slice(0, 4096).split('\n')) if (line !== '') log.info('etcd', { line: line.slice(0, 1024) })
  })
  return new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.once('close', (code, name) =>
      reject(
        isRemoved
          ? new UserError(
              'This machine was removed from the members of etcd: remove its data directory, and join with a new ticket ("bulkhead join-ticket create --control-plane" on another machine)',
            )
          : new Error(`etcd ended (${name ?? `exit code ${code}`})`),
      ),
    )
  })
}

/** A learner refuses what a server asks. Without a quorum the member answers all the same: others may wait for it. */
async function untilMember({ clientPort, client: tls }: EtcdMemberSettings, clock: Clock, signal: AbortSignal): Promise<void> {
  using client = new EtcdClient({ endpoints: [`https://127.0.0.1:${clientPort}`], tls })
  for (;;) {
    try {
      const { isLearner } = await client.call<StatusResponse>('Status', {}, { timeoutMs: askMs, signal })
      if (!isLearner) return
    } catch (err) {
      signal.throwIfAborted()
      if (!(err instanceof Error)) throw err
    }
    await pause(clock, pollMs, signal)
    signal.throwIfAborted()
  }
}
