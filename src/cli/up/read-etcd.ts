// Reads the files of mutual TLS with etcd before anything starts: the server runs as a user that cannot read them.

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { EtcdConfig } from '../../base/config/etcd-settings.ts'
import { messageOf, UserError, whyUnreadable } from '../../base/user-error.ts'
import type { EtcdAddress } from '../../store/etcd/etcd-client.ts'

/** A chain of certificates has a few kilobytes. */
const maxFileBytes = 1024 * 1024

/** Undefined for the store in the data directory. Rejects with a UserError for a file that cannot be used. */
export async function readEtcd(config: EtcdConfig | undefined, now: number): Promise<EtcdAddress | undefined> {
  if (config === undefined) return undefined
  const [ca, cert, key] = await Promise.all([
    pemOf('--etcd-ca', config.ca),
    pemOf('--etcd-cert', config.cert),
    pemOf('--etcd-key', config.key),
  ])
  try {
    createSecureContext({ ca, cert, key, minVersion: 'TLSv1.3' })
  } catch (err) {
    throw new UserError(`--etcd-cert "${config.cert}" and --etcd-key "${config.key}" do not belong together: ${messageOf(err)}`, {
      cause: err,
    })
  }
  const { validToDate } = new X509Certificate(cert)
  if (validToDate.getTime() < now) throw new UserError(`--etcd-cert "${config.cert}" expired on ${validToDate.toISOString()}: renew it`)
  return { endpoints: config.servers, tls: { ca, cert, key } }
}

async function pemOf(flag: string, path: string): Promise<string> {
  let text: string
  try {
    text = await readFile(resolve(path), 'utf8')
  } catch (err) {
    throw new UserError(`Cannot read ${flag} "${path}": ${whyUnreadable(err)}`, { cause: err })
  }
  if (text.length > maxFileBytes) throw new UserError(`${flag} "${path}" has more than ${maxFileBytes} bytes`)
  if (!text.includes('-----BEGIN ')) throw new UserError(`${flag} "${path}" must be a PEM file, as etcd's own flags take`)
  return text
}
