// Ends its thread as it is loaded.
process.exit(4);
