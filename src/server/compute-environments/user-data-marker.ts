/** A line of the user data that this server renders: by it a launch template is known to install the agent. */
export const USER_DATA_MARKER = '# batchpoint-user-data v1';
