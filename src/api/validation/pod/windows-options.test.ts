import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { FieldError } from '../../field-error.ts'
import { validateWindowsOptions } from './windows-options.ts'

const ofDomain = "runAsUserName's Domain"
const ofUser = "runAsUserName's User"

describe('validateWindowsOptions()', () => {
  const label = 'a'.repeat(60)
  const rows: readonly (readonly [name: string, user: string, messages: readonly string[]])[] = [
    ['a user', 'user', []],
    ['a user of a domain', 'corp\\user', []],
    ['a user of a DNS domain', `${label}.${label}\\user`, []],
    ['a long DNS domain', `${`${label}.`.repeat(4)}${label}\\user`, [`${ofDomain} length must be under 256 characters`]],
    [
      'a long domain of another form',
      `${'-'.repeat(256)}\\user`,
      [`${ofDomain} length must be under 256 characters`, `${ofDomain} doesn't match the NetBios nor the DNS format`],
    ],
    ['no user', 'corp\\', [`${ofUser} cannot be empty`]],
    ['a user of dots', '. .', [`${ofUser} cannot contain only periods or spaces`]],
    ['two backslashes', 'a\\b\\c', ['runAsUserName cannot contain more than one backslash']],
    ['a control character', 'a\u007f', ['runAsUserName cannot contain control characters']],
  ]
  for (const [name, runAsUserName, messages] of rows) {
    test(name, () => {
      const errors: FieldError[] = []
      validateWindowsOptions({ runAsUserName }, 'w', errors)
      assert.deepEqual(
        errors.map(({ field, message }) => [field, message.slice(message.lastIndexOf('": ') + 3)]),
        messages.map(message => ['w.runAsUserName', message]),
      )
    })
  }
})
