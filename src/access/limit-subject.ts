// The unit that limits count: a user, or all ServiceAccounts of a namespace together, because a tenant can create a thousand.
const accountPrefix = 'system:serviceaccount:'
const accountsPrefix = 'system:serviceaccounts:'

/** The name of the user, or of the group of its namespace's accounts. */
export function limitHolder(userName: string): string {
  if (!userName.startsWith(accountPrefix)) return userName
  const end = userName.indexOf(':', accountPrefix.length)
  return end === -1 ? userName : `${accountsPrefix}${userName.slice(accountPrefix.length, end)}`
}
