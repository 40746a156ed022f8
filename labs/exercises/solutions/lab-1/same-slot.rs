//! Process 0 finds the first slot free. Before it writes its key there, process
//! 1 finds it free as well, and inserts. Then process 0 overwrites its key.

pub const SCHEDULE: &str = "0,1*5";
