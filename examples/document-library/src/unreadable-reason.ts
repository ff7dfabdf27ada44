const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  ENOENT: "it has vanished",
  ENOTDIR: "it is not a folder any more",
  ELOOP: "it has become a symbolic link",
  ENAMETOOLONG: "its path is too long",
};

/** Why a file or folder could not be read, in a few words. */
export function reasonOf(error: unknown, path = ""): string {
  const { code, message } = error as NodeJS.ErrnoException;
  // Such a name comes out of the listing changed, and leads nowhere.
  if (code === "ENOENT" && path.includes("\uFFFD")) return "its name is not UTF-8";
  return reasons[code ?? ""] ?? message;
}
