//! What processes need of the machine's memory (Linux; elsewhere nothing is known).

/// Bytes that the system could still give.
pub fn available() -> Option<u64> {
    kilobytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

/// Bytes of a process at its peak.
pub fn peak(process: u32) -> Option<u64> {
    kilobytes(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?, "VmHWM:")
}

/// The bytes of a line such as `VmHWM:  1024 kB`.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|count| count * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_system_is_read() {
        let text = "VmPeak:\t 99 kB\nVmHWM:\t   1024 kB\n";
        assert_eq!(kilobytes(text, "VmHWM:"), Some(1 << 20));
        assert_eq!(kilobytes(text, "VmSwap:"), None);
    }
}
