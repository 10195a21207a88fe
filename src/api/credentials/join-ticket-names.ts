// Names of join tickets and of their users: for the server that authenticates them and the controller that approves their requests.

/** Contains users of Kubernetes' bootstrap tokens too, whose names have the same prefix. */
export const bootstrappersGroup = 'system:bootstrappers'
export const bootstrapUserPrefix = 'system:bootstrap:'
/** The user's extra field with the ticket's node. A bootstrap token has none. */
export const ticketNodeExtra = 'bulkhead.dev/node-name'
/** The Secret of a ticket is `kube-system/bulkhead-join-<id>`. */
export const ticketNamespace = 'kube-system'
export const ticketSecretPrefix = 'bulkhead-join-'
export const ticketSecretType = 'bulkhead.dev/join-ticket'
