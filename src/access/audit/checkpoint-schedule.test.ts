import { test } from 'node:test'
import { until } from '../../base/testing/wait-until.testing.ts'
import { checkpointSignerOf } from '../../cluster/audit-signer.ts'
import { event, newDirectory, openLog as open, signerOf } from './audit-log.testing.ts'

test('AuditLog signs records that came while a checkpoint was being signed, although no others follow', async () => {
  const directory = newDirectory()
  const signer = await checkpointSignerOf(signerOf(directory), new AbortController().signal)
  const began = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const sign: typeof signer.sign = async (...args) => {
    began.resolve()
    await goOn.promise
    return signer.sign(...args)
  }
  await using log = await open(directory, { signer: { ...signer, sign } })
  await log.record(event('create', 'before'))
  await began.promise
  await log.record(event('create', 'meanwhile'))
  goOn.resolve()
  // The lines that begin the file and the epoch, and the two events.
  await until(() => log.signedSize >= 4, 'all is signed')
})

test('AuditLog signs its records when the signer is back, although no others follow', async () => {
  const directory = newDirectory()
  const signer = await checkpointSignerOf(signerOf(directory), new AbortController().signal)
  let failures = 2
  const sign: typeof signer.sign = async (...args) => {
    if (failures-- > 0) throw new Error('the signer is away')
    return signer.sign(...args)
  }
  await using log = await open(directory, { signer: { ...signer, sign } })
  await log.record(event('create', 'a'))
  await until(() => log.alarms.active.length > 0, 'an alarm')
  await until(() => log.alarms.active.length === 0 && log.signedSize >= 3, 'all is signed')
})
