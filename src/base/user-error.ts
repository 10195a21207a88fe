// A failure that the user can fix: one sentence that says what is wrong and what to do. Printed without a stack.

export class UserError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UserError'
  }
}

/** The message of any thrown value. */
export function messageOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err)
}

/** The `code` of a Node system error such as ENOENT; '' for anything else. */
export function codeOf(err: unknown): string {
  return err instanceof Error && 'code' in err && typeof err.code === 'string' ? err.code : ''
}

/** Why a file could not be read, for a message that already names it. */
export function whyUnreadable(err: unknown): string {
  switch (codeOf(err)) {
    case 'ENOENT':
      return 'it does not exist'
    case 'EACCES':
      return 'it is not readable by this user'
    case 'ELOOP':
      return 'it is a link, and links are not followed here'
    case 'ENXIO':
      return 'it is not a regular file'
    case 'EISDIR':
      return 'it is a folder'
    default:
      return messageOf(err)
  }
}

/** The error for reading `file`: a UserError if the user can fix it. */
export function cannotRead(file: string, err: unknown): unknown {
  return codeOf(err) === '' ? err : new UserError(`Cannot read "${file}": ${whyUnreadable(err)}`, { cause: err })
}
