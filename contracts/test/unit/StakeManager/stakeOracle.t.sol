// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IParamGovernor} from "../../../src/interfaces/IParamGovernor.sol";
import {IStakes} from "../../../src/interfaces/IStakes.sol";
import {Params} from "../../../src/libraries/Params.sol";
import {StakesWorld} from "../../support/StakesWorld.sol";

contract StakeOracleTest is StakesWorld {
    function testFuzz_addsToTheCallersStake(uint128 first, uint128 second) public {
        first = uint128(bound(first, 1, 1e27));
        second = uint128(bound(second, 1, 1e27));
        vm.deal(oracle, uint256(first) + second);
        bytes32 stakeId = manager.oracleStakeId(oracle);
        assertEq(stakeId, keccak256(abi.encode("Tallystick oracle", oracle)), "id");
        vm.startPrank(oracle);
        vm.expectEmit(address(manager));
        emit IStakes.Staked(stakeId, oracle, first, first);
        manager.stakeOracle{value: first}();
        vm.expectEmit(address(manager));
        emit IStakes.Staked(stakeId, oracle, second, first + second);
        manager.stakeOracle{value: second}();
        assertEq(manager.stakeOf(stakeId).amount, first + second, "amount");
        assertEq(manager.ownerOf(stakeId), oracle, "owner");
    }

    function test_nothing() public {
        vm.expectRevert(IStakes.ZeroAmount.selector);
        vm.prank(oracle);
        manager.stakeOracle();
    }

    function test_whilePaused() public {
        _pause();
        vm.expectRevert(abi.encodeWithSelector(IParamGovernor.EntryPaused.selector, START + 7 days));
        vm.prank(oracle);
        manager.stakeOracle{value: 1 ether}();
    }

    function test_isStakedFromTheLeast() public {
        vm.startPrank(oracle);
        manager.stakeOracle{value: 1 ether - 1}();
        assertTrue(!manager.oracleStaked(oracle), "one wei below");
        manager.stakeOracle{value: 1}();
        assertTrue(manager.oracleStaked(oracle), "at it");
        manager.requestWithdraw(manager.oracleStakeId(oracle), 1);
        assertTrue(!manager.oracleStaked(oracle), "thawing does not count");
        assertTrue(!manager.oracleStaked(operator), "a provider's operator is no oracle");
    }

    function test_ownsItAfterAllWasWithdrawn() public {
        bytes32 stakeId = manager.oracleStakeId(oracle);
        vm.startPrank(oracle);
        manager.stakeOracle{value: 1 ether}();
        manager.requestWithdraw(stakeId, 1 ether);
        vm.warp(START + THAW);
        manager.withdraw(stakeId, oracle);
        manager.stakeOracle{value: 2 ether}();
        manager.requestWithdraw(stakeId, 2 ether);
        vm.warp(START + 2 * THAW);
        assertEq(manager.withdraw(stakeId, oracle), 2 ether, "again");
    }

    function test_onlyItsOwn() public {
        vm.prank(oracle);
        manager.stakeOracle{value: 1 ether}();
        bytes32 stakeId = manager.oracleStakeId(oracle);
        vm.expectRevert(abi.encodeWithSelector(IStakes.NotOwner.selector, stranger, stakeId));
        vm.prank(stranger);
        manager.requestWithdraw(stakeId, 1 ether);
    }
}
