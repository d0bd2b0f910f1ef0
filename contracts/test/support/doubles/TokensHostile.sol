// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TokensPlain} from "./TokensPlain.sol";

/// @notice Delivers one unit less than was sent.
contract FeeOnTransferToken is TokensPlain {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(to, address(0), 1);
    }
}

/// @notice Delivers what was sent, but takes one unit more from the sender.
contract SenderFeeToken is TokensPlain {
    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (from != address(0) && to != address(0)) super._update(from, address(0), 1);
    }
}

/// @notice Calls back into a contract while it moves, once, and keeps what the call answered.
contract ReentrantToken is TokensPlain {
    address public target;
    bytes public data;
    bool public succeeded;
    bytes public answer;

    function arm(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
    }

    function _update(address from, address to, uint256 amount) internal override {
        super._update(from, to, amount);
        if (target == address(0)) return;
        address callee = target;
        target = address(0);
        (succeeded, answer) = callee.call(data);
    }
}

/// @notice A token like the oldest ones: its transfers answer nothing.
contract SilentToken {
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function approve(address spender, uint256 amount) external {
        allowance[msg.sender][spender] = amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
